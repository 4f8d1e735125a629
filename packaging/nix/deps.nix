# What scripts/setup builds on Debian: the same recipes, with nixpkgs' sources of the same libraries.
{ lib, stdenv, autoconf, automake, libtool, pkg-config, zstd, lz4, erofs-utils, curl, c-ares, openssl }:
let
  wanted = name:
    let found = builtins.match ".*\n${name}=([^\n]*)\n.*" (builtins.readFile ../../scripts/lib/versions);
    in builtins.head found;
  # libzstd and liblz4 are part of the image format: exactly these. The others: at least.
  exactly = package: name:
    if package.version == wanted name then package
    else throw "slipway needs ${name} ${wanted name}, this nixpkgs has ${package.version}";
  atLeast = package: name:
    if lib.versionAtLeast package.version (wanted name) then package
    else throw "slipway needs ${name} ${wanted name} or newer, this nixpkgs has ${package.version}";
  sources = {
    zstd = exactly zstd "zstd";
    lz4 = exactly lz4 "lz4";
    erofs = atLeast erofs-utils "erofs";
    curl = atLeast curl "curl";
    cares = atLeast c-ares "cares";
    curltls = atLeast curl "curltls";
  };
in stdenv.mkDerivation {
  name = "slipway-deps";
  dontUnpack = true;
  dontConfigure = true;
  nativeBuildInputs = [ autoconf automake libtool pkg-config ];
  buildInputs = [ openssl ];
  buildPhase = ''
    . ${../../scripts/lib/recipes.sh}
    prefix=$out
    mkdir -p "$out"
    make_one() {
      mkdir "$1" && cd "$1" && unpackFile "$2" && cd */ && chmod -R u+w . && patchShebangs . && "build_$1"
      cd "$NIX_BUILD_TOP"
      echo "$1=$3" >> "$out/versions"
    }
  '' + lib.concatMapStrings (name: "make_one ${name} ${sources.${name}.src} ${sources.${name}.version}\n")
    [ "zstd" "lz4" "erofs" "curl" "cares" "curltls" ];
  dontInstall = true;
  dontFixup = true;
}
