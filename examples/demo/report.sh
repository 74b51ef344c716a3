# shellcheck shell=bash
# What the demo shows at the end, and whether it was right. Read by run.sh.
# shellcheck disable=SC2154  # Its names are set there.

count_outcome() { ada jobs -n 100 -o json | grep -o "\"outcome\": *\"$1\"" | wc -l; }

# Sums up a field of the three hubs' answers: sum_of FIELD VERB...
sum_of() {
  local hub total=0 value
  for hub in jilin hubei guizhou; do
    while read -r value; do
      total=$((total + value))
    done < <(as "$hub" operator "${@:2}" -o json | sed -n "s/.*\"$1\": *\(-\{0,1\}[0-9]*\).*/\1/p")
  done
  echo "$total"
}

# The two hubs of each pair must agree on what one owes the other.
check_mirrors() {
  local hub
  for hub in jilin hubei guizhou; do
    as "$hub" operator ledger check --peers || problem "the peers of $hub do not mirror it"
  done
}

# By the receipts that the sites have signed: NAME: 256 MiB straight from ..., a line each.
list_moves() {
  local name
  for name in "${!number[@]}"; do
    ada explain "${number[$name]}" |
      sed -n "s/^ *+[^ ]*  *The site received [^ ]* (\(.*\)) \(straight\|through\)/$name: \1 \2/p"
  done | sort
}

report() {
  ada jobs
  say "why solve-heat ran where it did:"
  ada explain "${number[solve-heat]}"
  say "why count-traffic ran where its data lies:"
  ada explain "${number[count-traffic]}"
  ada bill
  say "who earned what, by region and provider:"
  ada bill --by region
  say "what came straight to the sites and what through their hubs:"
  list_moves >"$work/moves"
  sed 's/^/        /' "$work/moves"
  grep -q '^count-sample: .* straight from the hub of region 52' "$work/moves" ||
    problem "the sample did not come straight from Guizhou"
  say "what moved over which line, sent and achieved:"
  local hub
  for hub in jilin hubei guizhou; do as "$hub" operator line list; done
  check_mirrors
  local total succeeded failed cancelled sum cross moved refused=2
  succeeded=$(count_outcome succeeded)
  failed=$(count_outcome failed)
  cancelled=$(count_outcome cancelled)
  total=$((succeeded + failed + cancelled + refused))
  cross=$(ada jobs -n 100 -o json | grep -cE '"region": *"(42|52)"' || true)
  moved=$(($(sum_of sent_bytes line list) / 1000000))
  sum=$(sum_of sum_micros ledger check)
  [ "$succeeded" = 9 ] || problem "$succeeded jobs succeeded, expected 9"
  [ "$failed" = 2 ] || problem "$failed jobs failed, expected 2 (failing, and the killed training)"
  [ "$cancelled" = 1 ] || problem "$cancelled jobs were cancelled, expected 1"
  [ "$sum" = 0 ] || problem "the ledgers sum to $sum"
  [ "$cross" -ge 5 ] || problem "$cross jobs ran in another region, expected 5 or more"
  if [ "$problems" -gt 0 ]; then
    echo "demo: FAILED, $problems problems; everything is in $work"
    return 1
  fi
  echo "demo: ok jobs=$total succeeded=$succeeded cross_region=$cross refused=$refused" \
    "failed=$failed cancelled=$cancelled moved_mb=$moved ledger_sum=$sum mirrors=ok"
}
