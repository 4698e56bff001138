# NVRM_DESCRIBE: which commit this is, as `git describe` says it. A tarball of `git archive` carries it in commit.txt, and
# without either it is the version alone.
set(NVRM_DESCRIBE "")
find_package(Git QUIET)
if(GIT_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} describe --always --tags --dirty
        OUTPUT_VARIABLE NVRM_DESCRIBE OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NVRM_DESCRIBE STREQUAL "")
    file(READ ${CMAKE_CURRENT_LIST_DIR}/commit.txt commit)
    string(STRIP "${commit}" commit)
    if(NOT commit MATCHES "Format") # git archive has replaced it
        set(NVRM_DESCRIBE "${commit}")
    endif()
endif()
if(NVRM_DESCRIBE STREQUAL "")
    set(NVRM_DESCRIBE ${PROJECT_VERSION})
endif()
