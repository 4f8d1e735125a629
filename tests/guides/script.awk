# A guide as a shell script with the guide's line numbers (see run_guide). Variables: guide; left_out: a file that says
# which blocks to leave out.
BEGIN {
  while ((getline line <left_out) > 0) {
    if (line !~ /^([^#])/) continue
    program = line
    sub(/ .*/, "", program)
    sub(/^[^ ]+ +/, "", line)
    reason[program] = line
  }
}
function fail(text) { printf "%s:%d: %s\n", guide, NR, text >"/dev/stderr"; kind = ""; exit 2 }

# Commands that are to fail say so: "... # exits with 3".
function command(line,   code) {
  if (match(line, / +# exits with [0-9]+$/)) {
    code = substr(line, RSTART, RLENGTH)
    sub(/.* /, "", code)
    return "code=0; " substr(line, 1, RSTART - 1) " || code=$?; exits_with " code " \"$code\" " NR
  }
  return line
}

# The first program of a line that is to be left out.
function program_left_out(line,   parts, i, count, word) {
  count = split(line, parts, /&&|[;&|(]/)
  for (i = 1; i <= count; ++i) {
    word = parts[i]
    sub(/^ +/, "", word)
    while (word ~ /^([A-Z_]+=[^ ]*|sudo) /) sub(/^[^ ]+ +/, "", word)
    sub(/[ )].*/, "", word)
    if (word in reason) return word
  }
  return ""
}

# Blocks of commands are held back until their end, as one line of them decides.
function hold(line, typed) {
  held = held line "\n"
  if (typed && !without) without = program_left_out(typed)
}
function release(   text) {
  if (without) {
    text = without ": " reason[without]
    gsub(/'/, "'\\''", text)
    printf "left_out %d '%s'\n", first, text
    gsub(/[^\n]/, "", held)
    sub(/^\n/, "", held)
  }
  printf "%s", held
  held = without = ""
}

match($0, /^ *```/) {
  if (kind == "") {
    indent = RLENGTH - 3
    kind = substr($0, RLENGTH + 1)
    first = NR
    if (kind == "") kind = "text"
    if (kind == "sh") hold("section " NR)
    else if (kind == "console") hold("")
    else if (kind == "text") print ""
    else {
      if (named !~ /`[^`]+`[^`]*:$/) fail("this block is a file, and the line above does not end with its `name`:")
      sub(/`[^`]*$/, "", named)
      sub(/.*`/, "", named)
      kind = "file"
      print "cat >'" named "' <<'end of the block'"
    }
  } else {
    if (kind == "sh" || kind == "console") release()
    print kind == "file" ? "end of the block" : ""
    kind = named = ""
  }
  next
}

kind == "" { if ($0 != "") named = $0; print ""; next }
{ line = substr($0, 1, indent) ~ /[^ ]/ ? $0 : substr($0, indent + 1) }
kind == "file" { print line; next }
kind == "sh" { hold(command(line), line); next }
kind == "console" && line ~ /^\$ / { hold("section " NR "; " command(substr(line, 3)), substr(line, 3)); next }
kind == "console" && line ~ /^> / { hold(substr(line, 3), substr(line, 3)); next }
kind == "console" { hold(""); next }
/^ *(sudo |imgbuild |imgpush |activate )/ || program_left_out(line) { fail("a command in a block that is not run") }
{ print "" }
END { if (kind != "") fail("the last block has no end") }
