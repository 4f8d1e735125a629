# imgpush uploads the activate that fits a host's machine, and the fetch. Those for another machine than this are a build
# of their own, with that machine's compiler and libraries (scripts/setup agents), and stand where they stand when they are
# installed: libexec/slipway/activate-MACHINE and fetch-MACHINE; the fetch for this machine, too.
set(SLIPWAY_AGENTS AUTO CACHE STRING
  "Other machines for whose hosts activate and fetch are built: aarch64; AUTO: if scripts/setup agents was run; empty: none")

set(SLIPWAY_AGENT_FOLDER ${CMAKE_BINARY_DIR}/libexec/slipway)
set(SLIPWAY_AGENT_MACHINES "")
if(NOT CMAKE_CROSSCOMPILING AND NOT SLIPWAY_SANITIZE AND NOT SLIPWAY_TIDY AND NOT SLIPWAY_FUZZ)
  set(SLIPWAY_AGENT_MACHINES ${SLIPWAY_AGENTS})
  if(SLIPWAY_AGENTS STREQUAL "AUTO")
    set(SLIPWAY_AGENT_MACHINES "")
    find_program(SLIPWAY_AARCH64_COMPILER aarch64-linux-gnu-g++)
    mark_as_advanced(SLIPWAY_AARCH64_COMPILER)
    set(built "")
    if(EXISTS ${prefix}-for-aarch64/versions)
      file(STRINGS ${prefix}-for-aarch64/versions built REGEX "^curltls=")  # the last of what scripts/setup puts there
    endif()
    if(SLIPWAY_AARCH64_COMPILER AND built)
      set(SLIPWAY_AGENT_MACHINES aarch64)
    endif()
  endif()
endif()

# agents: all of them.
add_custom_target(agents)
if(SLIPWAY_AGENT_MACHINES)
  include(ExternalProject)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
endif()
foreach(machine IN LISTS SLIPWAY_AGENT_MACHINES)
  message(STATUS "activate and fetch are built for ${machine}, too")
  ExternalProject_Add(agent_${machine}
    PREFIX ${CMAKE_BINARY_DIR}/agents/${machine}-steps
    SOURCE_DIR ${CMAKE_SOURCE_DIR}
    BINARY_DIR ${CMAKE_BINARY_DIR}/agents/${machine}
    CMAKE_GENERATOR Ninja
    CMAKE_ARGS
      --toolchain ${CMAKE_CURRENT_LIST_DIR}/${machine}.cmake
      -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
      "-DCMAKE_C_FLAGS_${config}=${CMAKE_C_FLAGS_${config}}"
      "-DCMAKE_CXX_FLAGS_${config}=${CMAKE_CXX_FLAGS_${config}}"
      -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=12 -DBUILD_TESTING=OFF
      -DSLIPWAY_DEPS=${SLIPWAY_DEPS} -DSLIPWAY_WERROR=${SLIPWAY_WERROR}
      # Headers alone, which this machine has.
      -Dfmt_DIR=${fmt_DIR} -Dspdlog_DIR=${spdlog_DIR} -Dnlohmann_json_DIR=${nlohmann_json_DIR} -DCLI11_DIR=${CLI11_DIR}
    BUILD_ALWAYS ON
    USES_TERMINAL_BUILD ON  # beside no other link or download; compilations go on
    BUILD_COMMAND ${CMAKE_COMMAND} --build <BINARY_DIR> --target activate fetch
    INSTALL_COMMAND ${CMAKE_COMMAND} -E make_directory ${SLIPWAY_AGENT_FOLDER}
    COMMAND ${CMAKE_COMMAND} -E copy_if_different <BINARY_DIR>/bin/activate ${SLIPWAY_AGENT_FOLDER}/activate-${machine}
    COMMAND ${CMAKE_COMMAND} -E copy_if_different <BINARY_DIR>/libexec/slipway/fetch-${machine}
      ${SLIPWAY_AGENT_FOLDER}/fetch-${machine})
  add_dependencies(agents agent_${machine})
endforeach()
