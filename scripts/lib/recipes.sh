# How each pinned library is built. Each runs in its unpacked source, and installs into $prefix, where the others are already.
# For another machine, $triplet is what compilers call it, and CC, AR and RANLIB are set.

build_zstd() {
  make -j"$(nproc)" -C lib PREFIX="$prefix" CFLAGS='-O3 -fPIC' ZSTD_LEGACY_SUPPORT=0 libzstd.a
  make -C lib PREFIX="$prefix" ZSTD_LEGACY_SUPPORT=0 install-static install-includes install-pc
}

build_lz4() {
  make -j"$(nproc)" -C lib PREFIX="$prefix" CFLAGS='-O3 -fPIC' BUILD_SHARED=no install
}

# Every optional library is named, so that the result does not depend on what the machine has installed.
# In sections of their own, so that imgbuild is linked without the functions that it does not call.
build_erofs() {
  autoreconf -fi
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig CFLAGS='-O2 -fPIC -ffunction-sections -fdata-sections' ./configure --prefix="$prefix" --sbindir="$prefix/bin" \
    --enable-lz4 --with-libzstd --disable-lzma --without-zlib --without-libdeflate --without-qpl \
    --without-xxhash --without-libcurl --without-openssl --without-libxml2 --without-json-c \
    --without-libnl3 --without-uuid --without-selinux --disable-fuse
  make -j"$(nproc)"
  make install
  # Upstream installs neither the library nor its headers. They read config.h, without the names that must
  # not reach our code, and with the keyword that strict C++ lacks.
  install -D -m 644 -t "$prefix/lib" lib/.libs/liberofs.a
  install -D -m 644 -t "$prefix/include/liberofs" include/*.h lib/liberofs_*.h
  install -D -m 644 -t "$prefix/include/liberofs/erofs" include/erofs/*.h
  {
    grep -vE '^#define (PACKAGE|VERSION|LT_OBJDIR|STDC_HEADERS)' config.h
    echo '#define typeof __typeof__'
  } >"$prefix/include/liberofs/config.h"
}

# Plain HTTP and nothing else: no TLS, no proxies, no other protocol, so that it needs no other library. It asks no
# name service for an address that is a number, or for localhost.
build_curl() {
  CFLAGS='-O2 -fPIC -ffunction-sections -fdata-sections' ./configure ${triplet:+--host="$triplet"} --prefix="$prefix" --disable-shared --enable-static \
    --without-ssl --without-zlib --without-brotli --without-zstd --without-libpsl --without-libidn2 \
    --without-nghttp2 --without-nghttp3 --without-ngtcp2 --without-librtmp --without-libssh --without-libssh2 \
    --without-libgsasl --disable-ares --disable-threaded-resolver --disable-proxy --disable-netrc --disable-cookies \
    --disable-alt-svc --disable-hsts --disable-doh --disable-websockets --disable-http-auth --disable-aws \
    --disable-ftp --disable-file --disable-ipfs --disable-ldap --disable-ldaps --disable-rtsp --disable-dict \
    --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp --disable-gopher \
    --disable-mqtt --disable-mime --disable-docs --disable-manual
  make -j"$(nproc)" -C lib
  make -C lib install
  make -C include install
}

# The resolver of the libcurl below: in a static program the C library's would load those that the host's nsswitch.conf
# names, which are made for another one. Below $prefix/tls, where no file has the name of one of the other libcurl.
build_cares() {
  CFLAGS='-O2 -fPIC -ffunction-sections -fdata-sections' ./configure ${triplet:+--host="$triplet"} --prefix="$prefix/tls" \
    --disable-shared --enable-static --disable-tests
  make -j"$(nproc)"
  make install
}

# HTTP with TLS, proxies and S3's signatures, for static programs. It does not read the host's openssl.cnf, which may have
# the library load modules made for another one. Certificates are always named by whoever calls.
build_curltls() {
  local openssl=
  if [[ $triplet ]]; then openssl=$prefix; fi
  CFLAGS='-O2 -fPIC -ffunction-sections -fdata-sections' ./configure ${triplet:+--host="$triplet"} --prefix="$prefix/tls" \
    --disable-shared --enable-static --with-openssl${openssl:+="$openssl"} ${openssl:+LIBS="-lz -L$prefix/lib -lzstd"} \
    --disable-openssl-auto-load-config --enable-ares="$prefix/tls" --without-ca-bundle --without-ca-path --without-zlib \
    --without-brotli --without-zstd --without-libpsl --without-libidn2 --without-nghttp2 --without-nghttp3 \
    --without-ngtcp2 --without-librtmp --without-libssh --without-libssh2 --without-libgsasl --disable-netrc \
    --disable-cookies --disable-alt-svc --disable-hsts --disable-doh --disable-websockets --disable-bearer-auth \
    --disable-digest-auth --disable-kerberos-auth --disable-negotiate-auth --disable-ntlm --disable-tls-srp \
    --disable-unix-sockets --disable-ftp --disable-file --disable-ipfs --disable-ldap --disable-ldaps --disable-rtsp \
    --disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp \
    --disable-gopher --disable-mqtt --disable-mime --disable-docs --disable-manual
  make -j"$(nproc)" -C lib
  make -C lib install
  make -C include install
}
