#!/bin/sh
# Adds up the results of one or more runs of run.sh: sh spec/support/total.sh FOLDER...
# Prints a line for each suite, the number of tests and of runs, and at the end "N passed, N failed".
# A test is counted once, however many Luas and tools it ran under. Exits with 1 if one failed, or none passed.
# SPDX-License-Identifier: MIT
set -u
for folder in "$@"; do
  cat "$folder/results"
done | awk '
  { passed[$5] += $1; failed[$5] += $2; skipped[$5] += $3; seconds[$5] += $4 }
  $2 { print "FAILED: " $5 " " $6 }
  END {
    for (suite in passed) {
      printf "%-12s %5d s %6d passed %3d failed", suite, seconds[suite], passed[suite], failed[suite]
      if (skipped[suite]) printf " %3d skipped", skipped[suite]
      print ""
    }
  }' | sort
for folder in "$@"; do
  cat "$folder/tests"
done | sort -u | awk -F '\t' '
  { name = $1 "\t" $2; sub(/:[0-9]+\t/, "\t", name); if (!(name in seen)) { seen[name] = 1; tests++; lines[$1]++ } }
  END {
    for (line in lines) if (line ~ /spec\/(catalogue|api)/ && lines[line] >= 50) looped += lines[line]
    printf "%d tests (%d of them one for each operation of the API), ", tests, looped
  }'
for folder in "$@"; do
  cat "$folder/results"
done | awk '{ passed += $1; failed += $2 }
  END { printf "%d runs\n%d passed, %d failed\n", passed + failed, passed, failed; exit failed > 0 || passed == 0 }'
