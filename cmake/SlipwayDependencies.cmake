# Third-party libraries as imported targets, so that their headers are SYSTEM for whoever links them.
#   slipway::zstd slipway::lz4           static, the pinned versions (part of the image format)
#   slipway::erofs                       static liberofs; only for builder
#   slipway::curl                        static libcurl, HTTP alone; only for activator/os
#   slipway::curl_tls                    libcurl with TLS: the distribution's shared one; for programs whose property
#                                        SLIPWAY_STATIC is set, a static one with c-ares; only for store
#   slipway::crypto_static               OpenSSL's libcrypto
#   slipway::fmt                         static, made here of Debian's headers
#   slipway::elf slipway::archive        libelf and libarchive; only for builder
#   slipway::z                           zlib, static; only for builder/packages
#   slipway::spdlog slipway::json slipway::cli11   header-only
#   GTest::gtest GTest::gmock GTest::gtest_main GTest::gmock_main benchmark::benchmark
# and the tools beside the pinned libraries, for tests and benchmarks: SLIPWAY_DEPS_BIN (mkfs.erofs,
# fsck.erofs, dump.erofs, desync). docs/dependencies.md says what each is for.

# The folder that scripts/setup made; the name says which recipe, distribution and machine it is for.
if(DEFINED ENV{SLIPWAY_DEPS})
  set(default_deps $ENV{SLIPWAY_DEPS})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(default_deps $ENV{XDG_CACHE_HOME}/slipway/deps)
else()
  set(default_deps $ENV{HOME}/.cache/slipway/deps)
endif()
set(SLIPWAY_DEPS ${default_deps} CACHE PATH "Where scripts/setup puts the pinned libraries")

set(versions_file ${CMAKE_CURRENT_LIST_DIR}/../scripts/lib/versions)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${versions_file})
file(STRINGS ${versions_file} lines REGEX "^[a-z0-9]+=")
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([a-z0-9]+)=(.*)$" _ ${line})
  set(wanted_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()

cmake_host_system_information(RESULT distribution QUERY DISTRIB_ID)
cmake_host_system_information(RESULT release QUERY DISTRIB_VERSION_ID)
set(prefix ${SLIPWAY_DEPS}/r${wanted_revision}-${distribution}${release}-${CMAKE_HOST_SYSTEM_PROCESSOR})
set(pinned zstd lz4 erofs curl cares curltls)
if(CMAKE_CROSSCOMPILING)
  string(APPEND prefix -for-${CMAKE_SYSTEM_PROCESSOR})
  set(pinned zstd lz4 curl crypto ssl z cares curltls)
endif()
set(SLIPWAY_DEPS_PREFIX "" CACHE PATH "The pinned libraries themselves, if scripts/setup did not build them")
if(SLIPWAY_DEPS_PREFIX)
  set(prefix ${SLIPWAY_DEPS_PREFIX})
endif()
set(installed "")
if(EXISTS ${prefix}/versions)
  file(READ ${prefix}/versions installed)
endif()
foreach(name IN LISTS pinned)
  if(NOT installed MATCHES "(^|\n)${name}=")
    message(FATAL_ERROR "${name} is not in ${prefix}: run scripts/setup "
      "(or point SLIPWAY_DEPS to the folder that it filled)")
  endif()
endforeach()
message(STATUS "Pinned libraries: ${prefix}")
set(SLIPWAY_DEPS_BIN ${prefix}/bin)

# slipway_check_version(NAME HEADER MACRO...): the version that the header's macros state is the wanted one.
function(slipway_check_version name header)
  foreach(macro IN LISTS ARGN)
    file(STRINGS ${prefix}/include/${header} line REGEX "^#define +${macro} +[0-9]+")
    string(REGEX REPLACE "^#define +${macro} +([0-9]+).*" "\\1" part "${line}")
    list(APPEND parts "${part}")
  endforeach()
  list(JOIN parts "." found)
  if(NOT found STREQUAL wanted_${name})
    message(FATAL_ERROR "${prefix}/include/${header} is version '${found}', wanted is ${wanted_${name}}: "
      "delete ${prefix} and run scripts/setup")
  endif()
endfunction()
slipway_check_version(zstd zstd.h ZSTD_VERSION_MAJOR ZSTD_VERSION_MINOR ZSTD_VERSION_RELEASE)
slipway_check_version(lz4 lz4.h LZ4_VERSION_MAJOR LZ4_VERSION_MINOR LZ4_VERSION_RELEASE)

list(REMOVE_ITEM pinned crypto ssl z cares curltls)
foreach(name IN LISTS pinned)
  add_library(slipway::${name} STATIC IMPORTED GLOBAL)
  set_target_properties(slipway::${name} PROPERTIES
    IMPORTED_LOCATION ${prefix}/lib/lib${name}.a
    INTERFACE_INCLUDE_DIRECTORIES ${prefix}/include)
endforeach()
if(TARGET slipway::erofs)
  set_target_properties(slipway::erofs PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES ${prefix}/include/liberofs
    INTERFACE_COMPILE_DEFINITIONS HAVE_CONFIG_H  # its headers then read the config.h that it was built with
    INTERFACE_LINK_LIBRARIES "slipway::zstd;slipway::lz4;Threads::Threads")
endif()

set_target_properties(slipway::curl PROPERTIES INTERFACE_COMPILE_DEFINITIONS CURL_STATICLIB)

# Debian 13's libcrypto.a needs zlib and zstd (ours will do), Debian 12's neither.
if(CMAKE_CROSSCOMPILING)
  set(OPENSSL_INCLUDE_DIR ${prefix}/include)
  set(SLIPWAY_CRYPTO_ARCHIVE ${prefix}/lib/libcrypto.a)
  set(SLIPWAY_SSL_ARCHIVE ${prefix}/lib/libssl.a)
  set(SLIPWAY_Z_ARCHIVE ${prefix}/lib/libz.a)
else()
  find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
  find_library(SLIPWAY_CRYPTO_ARCHIVE libcrypto.a REQUIRED)
  find_library(SLIPWAY_SSL_ARCHIVE libssl.a REQUIRED)
  find_library(SLIPWAY_Z_ARCHIVE libz.a REQUIRED)
  mark_as_advanced(SLIPWAY_CRYPTO_ARCHIVE SLIPWAY_SSL_ARCHIVE SLIPWAY_Z_ARCHIVE)
endif()
add_library(slipway::crypto_static STATIC IMPORTED GLOBAL)
set_target_properties(slipway::crypto_static PROPERTIES
  IMPORTED_LOCATION ${SLIPWAY_CRYPTO_ARCHIVE}
  INTERFACE_INCLUDE_DIRECTORIES "${OPENSSL_INCLUDE_DIR}"
  INTERFACE_LINK_LIBRARIES "${SLIPWAY_Z_ARCHIVE};slipway::zstd;Threads::Threads;${CMAKE_DL_LIBS}")

# Below a folder of its own, so that it is never taken for slipway::curl.
add_library(slipway::ssl_static STATIC IMPORTED GLOBAL)
set_target_properties(slipway::ssl_static PROPERTIES
  IMPORTED_LOCATION ${SLIPWAY_SSL_ARCHIVE} INTERFACE_LINK_LIBRARIES slipway::crypto_static)
add_library(slipway::cares_static STATIC IMPORTED GLOBAL)
set_target_properties(slipway::cares_static PROPERTIES IMPORTED_LOCATION ${prefix}/tls/lib/libcares.a)
add_library(slipway::curl_tls_static STATIC IMPORTED GLOBAL)
set_target_properties(slipway::curl_tls_static PROPERTIES
  IMPORTED_LOCATION ${prefix}/tls/lib/libcurl.a
  INTERFACE_LINK_LIBRARIES "slipway::cares_static;slipway::ssl_static")
# The headers of all three are those of slipway::curl, which stand earlier in the search path: of the same library, perhaps
# newer, so store/http_client.cc checks each option when the program runs.
add_library(slipway::curl_tls INTERFACE IMPORTED GLOBAL)
if(CMAKE_CROSSCOMPILING)
  target_link_libraries(slipway::curl_tls INTERFACE slipway::curl_tls_static)
else()
  find_library(SLIPWAY_CURL_TLS_LIBRARY libcurl.so REQUIRED)
  mark_as_advanced(SLIPWAY_CURL_TLS_LIBRARY)
  target_link_libraries(slipway::curl_tls INTERFACE
    $<IF:$<BOOL:$<TARGET_PROPERTY:SLIPWAY_STATIC>>,slipway::curl_tls_static,${SLIPWAY_CURL_TLS_LIBRARY}>)
  # It brings the shared libcrypto, which must not call our static one, perhaps of another version, through the program.
  target_link_options(slipway::curl_tls INTERFACE LINKER:--exclude-libs,libcrypto.a)
endif()

find_package(fmt REQUIRED)
get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
add_library(slipway_fmt STATIC ${CMAKE_CURRENT_LIST_DIR}/fmt.cc)
target_include_directories(slipway_fmt SYSTEM PUBLIC ${fmt_include})
target_compile_options(slipway_fmt PRIVATE -w)
add_library(slipway::fmt ALIAS slipway_fmt)

# Not spdlog::spdlog_header_only: Debian's drags in the shared libfmt.
find_package(spdlog REQUIRED)
get_target_property(spdlog_include spdlog::spdlog_header_only INTERFACE_INCLUDE_DIRECTORIES)
add_library(slipway::spdlog INTERFACE IMPORTED GLOBAL)
target_include_directories(slipway::spdlog INTERFACE ${spdlog_include})
target_compile_definitions(slipway::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(slipway::spdlog INTERFACE slipway::fmt Threads::Threads)

find_package(nlohmann_json 3.11 REQUIRED)
add_library(slipway::json INTERFACE IMPORTED GLOBAL)
target_link_libraries(slipway::json INTERFACE nlohmann_json::nlohmann_json)

find_package(CLI11 REQUIRED)
add_library(slipway::cli11 INTERFACE IMPORTED GLOBAL)
target_link_libraries(slipway::cli11 INTERFACE CLI11::CLI11)

if(CMAKE_CROSSCOMPILING)
  return()  # the rest is for the other programs
endif()

find_library(SLIPWAY_ELF_LIBRARY elf REQUIRED)
find_path(SLIPWAY_ELF_INCLUDE gelf.h REQUIRED)
mark_as_advanced(SLIPWAY_ELF_LIBRARY SLIPWAY_ELF_INCLUDE)
find_package(LibArchive 3.6 REQUIRED)
# slipway_system_library(NAME LIBRARY INCLUDE STATIC...): by name, so that the linker takes the static library for a
# program whose property SLIPWAY_STATIC is set; STATIC is what that one needs.
function(slipway_system_library name library include)
  cmake_path(GET library PARENT_PATH folder)
  add_library(slipway::${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(slipway::${name} INTERFACE ${include})
  target_link_directories(slipway::${name} INTERFACE ${folder})
  target_link_libraries(slipway::${name} INTERFACE
    ${name} "$<$<BOOL:$<TARGET_PROPERTY:SLIPWAY_STATIC>>:${ARGN}>")
endfunction()
set(elf_needs z slipway::zstd)
find_library(SLIPWAY_ELF_ARCHIVE libelf.a)
mark_as_advanced(SLIPWAY_ELF_ARCHIVE)
if(SLIPWAY_ELF_ARCHIVE)
  execute_process(COMMAND ${CMAKE_NM} ${SLIPWAY_ELF_ARCHIVE} OUTPUT_VARIABLE symbols ERROR_QUIET)
  if(symbols MATCHES " U eu_search_tree_init" AND NOT symbols MATCHES " T eu_search_tree_init")
    add_library(slipway_elf_search_tree STATIC ${CMAKE_CURRENT_LIST_DIR}/elf_search_tree.c)
    list(APPEND elf_needs slipway_elf_search_tree)
  endif()
endif()
slipway_system_library(elf ${SLIPWAY_ELF_LIBRARY} ${SLIPWAY_ELF_INCLUDE} ${elf_needs})
find_path(SLIPWAY_Z_INCLUDE zlib.h REQUIRED)
mark_as_advanced(SLIPWAY_Z_INCLUDE)
add_library(slipway::z STATIC IMPORTED GLOBAL)
set_target_properties(slipway::z PROPERTIES
  IMPORTED_LOCATION ${SLIPWAY_Z_ARCHIVE} INTERFACE_INCLUDE_DIRECTORIES ${SLIPWAY_Z_INCLUDE})
slipway_system_library(archive ${LibArchive_LIBRARIES} ${LibArchive_INCLUDE_DIRS} bz2 lzma z slipway::zstd)

if(BUILD_TESTING)
  find_package(GTest REQUIRED)
endif()
find_package(benchmark QUIET)  # for bench/cut_bench
