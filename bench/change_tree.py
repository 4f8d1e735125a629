"""Changes about 1% of a tree's content, as an update does: a line goes into every file of folders chosen at random
until they make 1% of all bytes, and into one place of the largest file.    change_tree.py FOLDER"""
import os
import random
import sys

random.seed(1)
folders = {}
for folder, _, names in os.walk(sys.argv[1]):
    paths = [os.path.join(folder, name) for name in sorted(names)]
    paths = [path for path in paths if os.path.isfile(path) and not os.path.islink(path) and os.path.getsize(path)]
    if paths:
        folders[folder] = paths
total = sum(os.path.getsize(path) for paths in folders.values() for path in paths)
changed = [max((path for paths in folders.values() for path in paths), key=os.path.getsize)]
wanted = total / 100
for folder in random.sample(sorted(folders), len(folders)):
    size = sum(os.path.getsize(path) for path in folders[folder])
    if size <= wanted:
        wanted -= size
        changed += folders[folder]
for path in changed:
    with open(path, "rb") as file:
        content = file.read()
    at = random.randrange(len(content))
    os.chmod(path, 0o644)
    with open(path, "wb") as file:
        file.write(content[:at] + b"changed\n" + content[at:])
