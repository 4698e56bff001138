# What `cmake --install` puts where, and the Debian packages that `cpack` makes of it. The components are the packages:
# cli, emu, dev (libraries, headers, schemas, nvrm-gen) and doc.

# In a library folder that others share, an archive says whose it is: libnvrm-gsp.a.
foreach(target nvrm_lookup nvrm_schema nvrm_regs nvrm_hw nvrm_sass nvrm_latency nvrm_bind gsp rm nvmem emu emu_kmod
        nvrm_sass_text sass_lint sass_lint_cubin)
    string(REGEX REPLACE "^nvrm_" "" name ${target})
    string(REPLACE "_" "-" name ${name})
    install(FILES $<TARGET_FILE:${target}> RENAME libnvrm-${name}.a DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
endforeach()
install(TARGETS nvrm-gen COMPONENT dev)

set(nvrm_headers ${CMAKE_INSTALL_INCLUDEDIR}/nvrm)
foreach(folder gen libgsp rm-api libnvmem emu vk/sass vk/sass/lint)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/include/ DESTINATION ${nvrm_headers} COMPONENT dev
        FILES_MATCHING PATTERN "*.h")
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/generated/include/ ${PROJECT_BINARY_DIR}/generated/regs/
    ${PROJECT_BINARY_DIR}/generated/hw/ ${PROJECT_BINARY_DIR}/generated/sass/
    DESTINATION ${nvrm_headers} COMPONENT dev FILES_MATCHING PATTERN "*.h")

# Preloaded into programs, never linked: nvrm-cli looks for them in ../lib/nvrm.
foreach(target nvrm-preload nvrm-trace)
    if(TARGET ${target})
        install(TARGETS ${target} LIBRARY DESTINATION lib/nvrm COMPONENT cli)
    endif()
endforeach()

# A driver-API library that runs programs on emulated cards: never where the loader finds it by itself.
if(TARGET nvrm-cuda)
    install(TARGETS nvrm-cuda LIBRARY DESTINATION lib/nvrm COMPONENT emu NAMELINK_COMPONENT dev)
    install(FILES ${PROJECT_SOURCE_DIR}/libnvmem/cuda/nvrm_cuda.h DESTINATION ${nvrm_headers} COMPONENT dev)
endif()

# pkg-config: NAME|DESCRIPTION|REQUIRES|LIBS. The files find their prefix from where they lie.
set(rows
    "schema|structs, classes, controls and statuses of every release, as data||-lnvrm-schema -lnvrm-lookup"
    "regs|registers and their fields by name||-lnvrm-regs"
    "hw|methods of the engines' classes, QMDs and texture records||-lnvrm-hw -lnvrm-lookup"
    "sass|machine instructions of the SM, taken apart and put together, and when results are there||-lnvrm-sass -lnvrm-latency"
    "bind|bindings of names and releases for other programs|nvrm-schema yaml-0.1|-lnvrm-bind -lnvrm-lookup"
    "gsp|codec, message queues, boot and sessions of GSP-RM|nvrm-schema nvrm-regs zlib|-lnvrm-gsp"
    "rm|objects, controls and events of RM|nvrm-gsp jansson|-lnvrm-rm"
    "nvmem|memory, address spaces and channels of a card|nvrm-rm nvrm-hw|-lnvrm-nvmem -pthread"
    "sass-text|machine code as text and back|nvrm-sass|-lnvrm-sass-text -lm"
    "sass-lint|hazards of machine code and of cubins|nvrm-sass nvrm-nvmem|-lnvrm-sass-lint-cubin -lnvrm-sass-lint"
    "emu|the emulated card|nvrm-schema nvrm-hw nvrm-sass|-lnvrm-emu -pthread -lm"
    "kmod|the emulated kernel module|nvrm-emu|-lnvrm-emu-kmod")
file(RELATIVE_PATH NVRM_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" NVRM_PC_UP "${NVRM_PC_UP}")
foreach(row IN LISTS rows)
    string(REPLACE "|" ";" row "${row}")
    list(POP_FRONT row name text requires libs)
    set(name nvrm-${name})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/packaging/nvrm.pc.in ${PROJECT_BINARY_DIR}/packaging/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/packaging/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/cmake/packaging/nvrm-config.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/nvrm COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/nvrm COMPONENT dev)

# Manual pages: a package has those of its programs.
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page IN LISTS pages)
    string(REGEX MATCH "[1-8]$" section ${page})
    set(component cli)
    if(page MATCHES "\\.3$|nvrm-gen\\.1$")
        set(component dev)
    elseif(page MATCHES "nvrm-emu\\.1$")
        set(component emu)
    endif()
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
endforeach()

# Completion: the files that `nvrm-cli completion SHELL` prints.
if(EXISTS /etc/debian_version)
    set(zsh zsh/vendor-completions)
else()
    set(zsh zsh/site-functions)
endif()
set(NVRM_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/${zsh} CACHE STRING "where zsh finds completion functions")
foreach(row "bash|${CMAKE_INSTALL_DATADIR}/bash-completion/completions|nvrm-cli"
        "fish|${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d|nvrm-cli.fish" "zsh|${NVRM_ZSH_DIR}|_nvrm-cli")
    string(REPLACE "|" ";" row "${row}")
    list(POP_FRONT row shell folder file)
    install(FILES ${PROJECT_SOURCE_DIR}/cli/completion.${shell} DESTINATION ${folder} RENAME ${file} COMPONENT cli)
endforeach()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT cli
    USE_SOURCE_PERMISSIONS)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT doc
    FILES_MATCHING PATTERN "*.md" PATTERN "*.json" PATTERN "man" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT doc)

add_custom_target(uninstall
    COMMAND ${CMAKE_COMMAND} -DBUILD=${PROJECT_BINARY_DIR} -P ${PROJECT_SOURCE_DIR}/cmake/packaging/uninstall.cmake
    COMMENT "Removing what was installed" VERBATIM)

# Debian packages: `cpack -G DEB`, one per component.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME nvrm)
set(CPACK_PACKAGE_VENDOR nvrm)
set(NVRM_MAINTAINER "nvrm authors <nvrm@example.org>" CACHE STRING "who made the packages: NAME <ADDRESS>")
set(CPACK_PACKAGE_CONTACT "${NVRM_MAINTAINER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL cli emu dev doc)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_CLI_PACKAGE_NAME nvrm-cli)
set(CPACK_DEBIAN_EMU_PACKAGE_NAME nvrm-emu)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libnvrm-dev)
set(CPACK_DEBIAN_DOC_PACKAGE_NAME nvrm-doc)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libjansson-dev, libyaml-dev, zlib1g-dev")
set(CPACK_DEBIAN_CLI_PACKAGE_RECOMMENDS libpci3)
set(CPACK_DEBIAN_CLI_PACKAGE_SUGGESTS "nvrm-doc, nvrm-emu")
set(CPACK_COMPONENT_CLI_DESCRIPTION "command line for NVIDIA's GSP Resource Manager\nnvrm-cli opens a card or an emulated one, allocates RM objects, calls controls\nby name, records and replays sessions, and explains logs.")
set(CPACK_COMPONENT_EMU_DESCRIPTION "emulated NVIDIA cards as vfio-user devices\nnvrm-emu serves cards with a GSP-RM of its own to other processes.")
set(CPACK_COMPONENT_DEV_DESCRIPTION "libraries, headers and schemas of nvrm\nThe RM API of every public release as data, a codec, queues, sessions, objects\nand the emulated card, as archives with pkg-config files, and nvrm-gen.")
set(CPACK_COMPONENT_DOC_DESCRIPTION "manual of nvrm\nThe pages of the manual as Markdown.")
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/packaging/debian.cmake)
set(CPACK_NVRM_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_NVRM_CHANGES ${PROJECT_BINARY_DIR}/packaging/changelog)
file(CONFIGURE OUTPUT packaging/changelog CONTENT "nvrm (@PROJECT_VERSION@) unstable; urgency=medium

  * Built from @NVRM_DESCRIBE@.

 -- @NVRM_MAINTAINER@  Thu, 01 Jan 2026 00:00:00 +0000
" @ONLY)
include(CPack)
