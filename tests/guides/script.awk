# A guide as a shell script with the guide's line numbers (see run_guide). Variables: guide.
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

match($0, /^ *```/) {
  if (kind == "") {
    indent = RLENGTH - 3
    kind = substr($0, RLENGTH + 1)
    if (kind == "") kind = "text"
    if (kind == "sh") print "section " NR
    else if (kind == "console" || kind == "text") print ""
    else {
      if (named !~ /`[^`]+`[^`]*:$/) fail("this block is a file, and the line above does not end with its `name`:")
      sub(/`[^`]*$/, "", named)
      sub(/.*`/, "", named)
      kind = "file"
      print "cat >'" named "' <<'end of the block'"
    }
  } else {
    print kind == "file" ? "end of the block" : ""
    kind = named = ""
  }
  next
}

kind == "" { if ($0 != "") named = $0; print ""; next }
{ line = substr($0, 1, indent) ~ /[^ ]/ ? $0 : substr($0, indent + 1) }
kind == "file" { print line; next }
kind == "sh" { print command(line); next }
kind == "console" && line ~ /^\$ / { print "section " NR "; " command(substr(line, 3)); next }
kind == "console" && line ~ /^> / { print substr(line, 3); next }
{ print "" }
END { if (kind != "") fail("the last block has no end") }
