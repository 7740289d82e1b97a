#!/usr/bin/env bash
# compile_header.sh HEADER INCLUDE-FOLDER OUTPUT [FLAG…]: compiles one header alone and, if it is public,
# weighs it. Leaves `alone HEADER: why` or `weight HEADER LINES` in OUTPUT.
header="$1" include="$2" output="$3"
shift 3
source_text="#include <wring/$header>"
if ! why="$(g++ -std=c++20 -fsyntax-only -Wall -Wextra -I "$include" "$@" -x c++ - <<<"$source_text" 2>&1)"; then
    echo "alone $header: $(grep -m 1 error <<<"$why")"
elif [[ "$header" != */detail/* ]]; then
    echo "weight $header $(g++ -std=c++20 -E -P -I "$include" "$@" -x c++ - <<<"$source_text" | wc -l)"
fi >"$output"
