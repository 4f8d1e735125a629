# A document of docs/formats as a man page of section 5 (scripts/manual). Variables: page (its name), version, others (what
# it refers to, as roff).
function text(markdown,   link, parts, count, i, out) {
  while (match(markdown, /\[[^]`]*\]\([^)]*\)/)) {
    link = substr(markdown, RSTART + 1, RLENGTH - 1)
    sub(/\].*/, "", link)
    markdown = substr(markdown, 1, RSTART - 1) link substr(markdown, RSTART + RLENGTH)
  }
  count = split(roff(markdown), parts, "`")
  for (i = 1; i <= count; ++i) {
    if (i % 2 == 1) gsub(/\*\*/, "", parts[i])
    out = out (i % 2 ? parts[i] : "\\fB" parts[i] "\\fR")
  }
  return out
}
function roff(line) {
  gsub(/\\/, "\\e", line)
  gsub(/-/, "\\-", line)
  if (line ~ /^[.']/) line = "\\&" line
  return line
}
function trimmed(cell) {
  gsub(/^ +| +$/, "", cell)
  return cell
}
# A paragraph is kept until it ends, because its code and links may go on in the next line.
function flush() {
  if (paragraph != "" && paragraph !~ /^Read by /) print text(paragraph)  # which source file reads it
  paragraph = ""
}
function row(line,   cells, count, i, kind, about) {
  count = split(line, cells, "|") - 1
  if (line ~ /^\|[-|]+$/) return
  if (!in_table) {
    for (i = 2; i <= count; ++i) heading[i] = trimmed(cells[i])
    in_table = 1
    return
  }
  for (i = 3; i < count; ++i) {
    kind = trimmed(cells[i])
    if (kind == "") continue
    if (heading[i] == "Default" && kind != "required") kind = "default: " kind
    about = about (about == "" ? "" : "; ") kind
  }
  printf ".TP\n%s%s\n%s\n", text(trimmed(cells[2])), about == "" ? "" : " (" text(about) ")", text(trimmed(cells[count]))
}

/^ *```/ {
  flush()
  print code ? ".EE\n.RE" : ".PP\n.RS 2\n.EX"
  code = !code
  next
}
code { print roff($0); next }
/^# / {
  title = substr($0, 3)
  printf ".\\\" Made by scripts/manual from docs/formats.\n.TH %s 5 \"\" \"slipway %s\" \"Slipway\"\n", toupper(page), version
  printf ".SH NAME\n%s \\- %s\n.SH DESCRIPTION\n", page, text(tolower(substr(title, 1, 1)) substr(title, 2))
  next
}
/^## / { flush(); print ".SH " toupper(text(substr($0, 4))); in_table = 0; next }
/^\|/ { flush(); row($0); next }
in_table { in_table = 0; print ".PP" }
/^- / { flush(); print ".IP \\(bu 2"; paragraph = substr($0, 3); next }
/^$/ { if (paragraph != "") { flush(); print ".PP" } next }
{ sub(/^ +/, ""); paragraph = paragraph (paragraph == "" ? "" : " ") $0 }
END {
  flush()
  print ".SH SEE ALSO\n" others
}
