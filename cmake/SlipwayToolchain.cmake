# Language level, warnings and sanitizers, the same for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)  # imgpush finds activate beside itself

# A compiler cache, where there is one. Its manual wants the two settings for precompiled headers.
find_program(SLIPWAY_CCACHE ccache)
mark_as_advanced(SLIPWAY_CCACHE)
if(SLIPWAY_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${SLIPWAY_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${SLIPWAY_CCACHE})
endif()

set(SLIPWAY_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread; empty for none")
option(SLIPWAY_TIDY "Run clang-tidy on every file of the project" OFF)
option(SLIPWAY_FUZZ "Build the fuzz targets (clang)" OFF)
option(SLIPWAY_PCH "Precompile what most tests include; without it a missing include is found" OFF)
option(SLIPWAY_WERROR "Warnings are errors" OFF)

set(warnings
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wcast-qual
  -Wnon-virtual-dtor -Woverloaded-virtual -Wformat=2 -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND warnings -Wsuggest-override -Wduplicated-cond -Wlogical-op)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 16)
  # A false alarm of g++ 16 in std::vector's own destructor, for temporaries of an initializer list.
  list(APPEND warnings -Wno-free-nonheap-object)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  # False alarms in std::map and std::string, where less is inlined (-O1 of dev).
  list(APPEND warnings -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
       -Wno-restrict)
endif()
if(SLIPWAY_WERROR)
  list(APPEND warnings -Werror)
endif()
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:${warnings}>")

if(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-fsigned-char)  # as on x86-64: a char is the same everywhere
endif()

if(SLIPWAY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SLIPWAY_SANITIZE)
  add_compile_options(-fsanitize=${SLIPWAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SLIPWAY_SANITIZE})
endif()

# What is installed reads files and peers that others wrote (docs/dependencies.md); and it is the same bytes, whatever
# folder it is built in. tests/scripts/release_build_test looks at what the compiler makes of both.
set(release_options
  -fstack-protector-strong -fstack-clash-protection
  -ffile-prefix-map=${CMAKE_BINARY_DIR}=build -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND release_options -ftrivial-auto-var-init=zero)  # clang 14 wants another option before it
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  list(APPEND release_options -fcf-protection)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  list(APPEND release_options -mbranch-protection=standard)
endif()
# 3 knows sizes that are computed, too.
list(APPEND release_options -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS)
add_compile_options("$<$<CONFIG:Release>:${release_options}>")
add_link_options($<$<CONFIG:Release>:-Wl,-z,relro,-z,now,-z,noexecstack>)

find_package(Threads REQUIRED)

# slipway_library(NAME SOURCES... DEPENDS...): the static library of one folder.
function(slipway_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_PRIVATE})
  if(SLIPWAY_TIDY)
    # CMake's own unity files include .cc files.
    set_target_properties(${name} PROPERTIES CXX_CLANG_TIDY "clang-tidy;--quiet;--checks=-bugprone-suspicious-include")
  endif()
endfunction()

# slipway_program(NAME LIBRARIES...): the program of main.cc; and NAME_static, the same without any shared library, which
# only scripts/package --tar needs.
function(slipway_program name)
  add_executable(${name} main.cc)
  add_executable(${name}_static EXCLUDE_FROM_ALL main.cc)
  target_link_libraries(${name} PRIVATE ${ARGN})
  target_link_libraries(${name}_static PRIVATE ${ARGN})
  target_link_options(${name}_static PRIVATE -static-pie -Wl,--gc-sections)
  set_target_properties(${name}_static PROPERTIES
    SLIPWAY_STATIC ON OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/static)
endfunction()
