# Reads what a guide's commands printed, then the guide (see run_guide): each line below a command of a console block
# must be among what it printed, in this order; numbers, sizes, ages, versions, codecs and IDs may differ. Variables: guide;
# with record, prints the guide with such lines as they were printed now, and below a command without any, all.
BEGIN { for (i = 0; i < 16; ++i) id = id "[0-9a-f]" }

function masked(text) {
  gsub(id, "ID", text)
  gsub(/-g[0-9a-f]+/, "-gID", text)
  gsub(/zstd|lz4/, "CODEC", text)
  gsub(/\([^ ()]*[0-9][^ ()]*\)/, "(N)", text)
  gsub(/ [0-9][^ ,;)]*/, " N", text)
  gsub(/[0-9]+([.,:][0-9]+)*/, "N", text)
  gsub(/N [kKMG]?B/, "N B", text)
  gsub(/N (s|min|h)/, "N s", text)
  sub(/sent .* in N s/, "sent N B in N s", text)
  gsub(/  +/, " ", text)
  sub(/ +$/, "", text)
  return text
}

# The command's part of the block ends here.
function end_command(   i) {
  if (record && section && !has_lines) {
    for (i = 1; i <= count[section]; ++i) print printed[section, i] == "" ? "" : margin printed[section, i]
  }
  section = 0
}

FNR == NR {
  if (/^\036/) part = substr($0, 2)
  else if (/^\035/) left_out[substr($0, 2) + 0] = 1
  else {
    printed[part, ++lines[part]] = $0
    if ($0 != "") count[part] = lines[part]
  }
  next
}

match($0, /^ *```/) {
  end_command()
  console = !inside && substr($0, RLENGTH + 1) == "console" && !(FNR in left_out)
  inside = !inside
  margin = substr($0, 1, RLENGTH - 3)
  if (record) print
  next
}
{ line = substr($0, length(margin) + 1) }
console && line ~ /^\$ / {
  end_command()
  section = FNR
  next_line = 1
  has_lines = 0
}
!section || section == FNR || line == "" { if (record) print; next }
{
  has_lines = 1
  for (i = next_line; i <= count[section] && masked(printed[section, i]) != masked(line); ++i) {}
  if (i > count[section]) {
    printf "%s:%d: not printed: %s\n", guide, FNR, line >"/dev/stderr"
    wrong = 1
  } else {
    next_line = i + 1
    line = printed[section, i]
  }
  if (record) print margin line
}
END { exit wrong }
