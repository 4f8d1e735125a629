# How each pinned library is built. Each runs in its unpacked source, and installs into $stage.

build_zstd() {
  make -j"$(nproc)" -C lib PREFIX="$stage" CFLAGS='-O3 -fPIC' ZSTD_LEGACY_SUPPORT=0 libzstd.a
  make -C lib PREFIX="$stage" ZSTD_LEGACY_SUPPORT=0 install-static install-includes install-pc
}

build_lz4() {
  make -j"$(nproc)" -C lib PREFIX="$stage" CFLAGS='-O3 -fPIC' BUILD_SHARED=no install
}

# Every optional library is named, so that the result does not depend on what the machine has installed.
build_erofs() {
  autoreconf -fi
  PKG_CONFIG_PATH=$stage/lib/pkgconfig CFLAGS='-O2 -fPIC' ./configure --prefix="$stage" --sbindir="$stage/bin" \
    --enable-lz4 --with-libzstd --disable-lzma --without-zlib --without-libdeflate --without-qpl \
    --without-xxhash --without-libcurl --without-openssl --without-libxml2 --without-json-c \
    --without-libnl3 --without-uuid --without-selinux --disable-fuse
  make -j"$(nproc)"
  make install
  # Upstream installs neither the library nor its headers. They read config.h, without the names that must
  # not reach our code, and with the keyword that strict C++ lacks.
  install -D -m 644 -t "$stage/lib" lib/.libs/liberofs.a
  install -D -m 644 -t "$stage/include/liberofs" include/*.h lib/liberofs_*.h
  install -D -m 644 -t "$stage/include/liberofs/erofs" include/erofs/*.h
  {
    grep -vE '^#define (PACKAGE|VERSION|LT_OBJDIR|STDC_HEADERS)' config.h
    echo '#define typeof __typeof__'
  } >"$stage/include/liberofs/config.h"
}
