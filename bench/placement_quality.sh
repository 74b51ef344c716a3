#!/usr/bin/env bash
# How well policies fill cards, beside the published results:
#   placement_quality.sh DATA_DIR [INTERTIE]
# DATA_DIR holds openb_node_list_gpu_node.csv, openb_pod_list_*.csv and fgd_published_alloc.csv
# (the traces of the FGD paper, USENIX ATC 2023, which are not part of this repository). Prints
# two tables in Markdown: published against reproduced, and ours. Exits 1 if a published policy is
# off by more than 0.25 points (gpuclustering 0.5), or ours is not above FGD everywhere.
set -euo pipefail
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: placement_quality.sh DATA_DIR [INTERTIE]" >&2
  exit 3
fi
data=$1
intertie=${2:-$(dirname "$0")/../build/release/intertie}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for pods in "$data"/openb_pod_list_*.csv; do
  variant=$(basename "$pods" .csv)
  variant=${variant#openb_pod_list_}
  replay() {
    local what=$1
    shift
    "$intertie" -o csv bench placement --nodes "$data/openb_node_list_gpu_node.csv" \
      --pods "$pods" "$@" | awk -v start="$variant,$what" 'NR > 1 { print start "," $0 }' \
      >>"$work/runs"
  }
  echo "$variant ..." >&2
  replay known
  replay learned --policy intertie --policy fgd --learn
  replay moved --policy intertie --migrate
done

# Columns of a run: variant, what, policy, mix, seeds, alloc_100, alloc_130, stddev_100, bound,
# fragmented_100, first_rejection, rejected, moves, decisions_per_second.
awk -F, '
  FNR == 1 { file++ }
  file == 1 && FNR == 1 {
    for (i = 1; i <= NF; i++) {
      if ($i == "alloc_at_100") at_100 = i
      if ($i == "alloc_at_130") at_130 = i
    }
    next
  }
  file == 1 {
    name = tolower($2)
    sum_100[$1, name] += $at_100; sum_130[$1, name] += $at_130; seeds[$1, name]++
    next
  }
  {
    if (!($1 in seen)) { seen[$1] = 1; variants[++count] = $1 }
    got[$1, $2, $3] = $0
  }
  function field(variant, what, policy, at,   parts) {
    split(got[variant, what, policy], parts, ",")
    return parts[at]
  }
  function pair(variant, what, policy) {
    return sprintf("%.2f / %.2f", field(variant, what, policy, 6), field(variant, what, policy, 7))
  }
  function distance(a, b) { return a > b ? a - b : b - a }
  END {
    split("random dotprod gpuclustering gpupacking bestfit fgd", published, " ")
    print "| workload | policy | published, 100 / 130 % | here | off by |"
    print "| --- | --- | --- | --- | --- |"
    for (v = 1; v <= count; v++) {
      for (p = 1; p <= 6; p++) {
        variant = variants[v]; policy = published[p]; n = seeds[variant, policy]
        if (n == 0) continue
        mean_100 = sum_100[variant, policy] / n; mean_130 = sum_130[variant, policy] / n
        off_100 = distance(mean_100, field(variant, "known", policy, 6))
        off_130 = distance(mean_130, field(variant, "known", policy, 7))
        mark = ""
        if (off_100 > (policy == "gpuclustering" ? 0.5 : 0.25) ||
            off_130 > (policy == "gpuclustering" ? 0.5 : 0.25)) { mark = " !"; bad = 1 }
        printf "| %s | %s | %.2f / %.2f | %s | %.2f / %.2f%s |\n", variant, policy, mean_100,
          mean_130, pair(variant, "known", policy), off_100, off_130, mark
      }
    }
    print ""
    print "| workload | fgd | intertie | deviation | bound | learned | one move (moves) |" \
      " fragmented, fgd / ours | first rejection, fgd / ours | decisions/s |"
    print "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for (v = 1; v <= count; v++) {
      variant = variants[v]
      printf "| %s | %s | **%s** | %.2f | %.2f | %s | %s (%d) | %.2f / %.2f | %.1f / %.1f | %d |\n",
        variant, pair(variant, "known", "fgd"), pair(variant, "known", "intertie"),
        field(variant, "known", "intertie", 8), field(variant, "known", "intertie", 9),
        pair(variant, "learned", "intertie"), pair(variant, "moved", "intertie"),
        field(variant, "moved", "intertie", 13), field(variant, "known", "fgd", 10),
        field(variant, "known", "intertie", 10), field(variant, "known", "fgd", 11),
        field(variant, "known", "intertie", 11), field(variant, "known", "intertie", 14)
      if (field(variant, "known", "intertie", 6) <= field(variant, "known", "fgd", 6)) bad = 1
    }
    exit bad
  }' "$data/fgd_published_alloc.csv" "$work/runs"
