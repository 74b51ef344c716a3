# shellcheck shell=bash
# What the demo runs: data, jobs, and what they must return. Read by run.sh.
# shellcheck disable=SC2154  # Its names are set there.

declare -A number

submit() {
  local name=$1 file=$2
  number[$name]=$(ada -q submit "$file")
  say "submitted $name as job ${number[$name]}"
}

# refuse NAME FILE WORDS: the hub must refuse it at once, and say why.
refuse() {
  if ada submit "$2" >"$work/$1.out" 2>&1; then
    problem "$1 was accepted"
  elif ! grep -q "$3" "$work/$1.out"; then
    problem "$1 was refused without $3"
  else
    say "$1: refused, as it should be:"
    sed 's/^/        /' "$work/$1.out"
  fi
}

phase_of() { ada jobs "$1" -o json | sed -n 's/.*"phase": *"\([a-z]*\)".*/\1/p' | head -n 1; }
has_ended() { [ "$(phase_of "${number[$1]}")" = ended ]; }
is_running() { [ "$(phase_of "${number[$1]}")" = running ]; }

# ran_at NAME SITE: where the last attempt was.
ran_at() {
  if ada explain "${number[$1]}" | grep -q "$2"; then
    say "$1 ran at $2"
  else
    problem "$1 did not run at $2"
  fi
}

# The traffic log and a sample of it lie in Guizhou; the patients' data may not leave Hubei.
bring_data() {
  local make=$programs/make_log
  [ -s "$work/access.log" ] || "$make" --seed 1 --out "$work/access.log"
  [ -s "$work/traffic.log" ] || "$make" --seed 2 --bytes 268435456 --out "$work/traffic.log"
  [ -s "$work/sample.log" ] || "$make" --seed 3 --bytes 1048576 --out "$work/sample.log"
  [ -s "$work/patients.log" ] || "$make" --seed 4 --bytes 4194304 --out "$work/patients.log"
  ada -q data put "$work/traffic.log" --name traffic --region 52 >/dev/null
  ada -q data put "$work/sample.log" --name sample --region 52 >/dev/null
  ada -q data put "$work/patients.log" --name patients --region 42 --regions 42 >/dev/null
  say "data lies where it is wanted:"
  ada data ls
}

# The training program, and its children if it had any: all of its sandbox's PID namespace.
list_training() {
  local each space=
  for each in /proc/[0-9]*; do
    [ "$(tr '\0' ' ' <"$each/cmdline" | cut -c 1-15)" = "./train_digits " ] || continue
    space=$(readlink "$each/ns/pid") && break
  done 2>/dev/null
  [ -n "$space" ] || return 1
  [ "$space" != "$(readlink /proc/self/ns/pid)" ] || return 1
  for each in /proc/[0-9]*; do
    [ "$(readlink "$each/ns/pid" 2>/dev/null)" != "$space" ] || basename "$each"
  done
}

has_trained() { ada logs "${number[killed-digits]}" | grep -q '^epoch 60 '; }

# Nobody tells it beforehand: what it has written since its last checkpoint is lost.
kill_training() {
  local victims
  wait_for "the training to be under way" 120 has_trained
  victims=$(list_training) || problem "the training is not to be found"
  # shellcheck disable=SC2086  # One process a word.
  kill -KILL $victims || problem "the training could not be killed"
  wait_for killed-digits 60 has_ended killed-digits
  ada explain "${number[killed-digits]}" | grep -q "killed_by_signal" ||
    problem "killed-digits did not end by a signal"
  ada -q outputs "${number[killed-digits]}" --to "$work/outputs/killed-digits" >/dev/null
  cp "$work/outputs/killed-digits/digits.checkpoint" "$work/digits.checkpoint"
  say "its processes ($(echo "$victims" | tr '\n' ' ')) were killed with SIGKILL after" \
    "$(ada logs "${number[killed-digits]}" | tail -n 1)"
  say "it goes on elsewhere from its last checkpoint"
}

# The same weights, bit by bit, and so the same loss as a training that nobody has disturbed.
compare_training() {
  local first second
  ada logs "${number[resume-digits]}" | grep -q '^resumed after epoch [1-9]' ||
    problem "resume-digits has begun anew"
  first=$(ada logs "${number[resume-digits]}" | grep '^loss ')
  second=$(ada logs "${number[train-digits]}" | grep '^loss ')
  if [ -n "$first" ] && [ "$first" = "$second" ]; then
    say "killed, and resumed at another site, it reached the same: $first"
  else
    problem "resumed: $first, undisturbed: $second"
  fi
}

run_load() {
  say "the plan for a scientific job, before anything runs:"
  ada plan "$jobs/solve_heat.yaml"
  say "the plan for a job whose 256 MB lie in Guizhou:"
  ada plan "$jobs/count_traffic.yaml"
  submit solve-heat "$jobs/solve_heat.yaml"
  submit count-traffic "$jobs/count_traffic.yaml"
  submit count-sample "$jobs/count_sample.yaml"
  submit count-patients "$jobs/count_patients.yaml"
  submit count-words "$jobs/count_words.yaml"
  submit filter-sensor "$jobs/filter_sensor.yaml"
  submit killed-digits "$jobs/killed_digits.yaml"
  submit ring-allreduce "$jobs/ring_allreduce.yaml"
  submit failing "$jobs/failing.yaml"
  submit cancelled "$jobs/cancelled.yaml"
  refuse unplaceable "$jobs/unplaceable.yaml" unplaceable
  refuse take-patients "$jobs/take_patients.yaml" "policy does not allow"
  wait_for "the job to be cancelled" 60 is_running cancelled
  ada -q cancel "${number[cancelled]}" >/dev/null

  kill_training
  submit resume-digits "$jobs/resume_digits.yaml"
  submit train-digits "$jobs/train_digits.yaml"
  local name
  for name in solve-heat count-traffic count-sample count-patients count-words filter-sensor \
    ring-allreduce failing cancelled resume-digits train-digits; do
    wait_for "$name" 180 has_ended "$name"
    say "$name has ended"
  done
}

fetch_and_check() {
  local name=$1 file=$2
  ada -q outputs "${number[$name]}" --to "$work/outputs/$name" >/dev/null
  if (cd "$work/outputs/$name" &&
    grep " $file\$" "$jobs/expected.sha256" | sha256sum -c --quiet); then
    say "$name: $file is what it must be"
  else
    problem "$name: $file differs"
  fi
}

check_outputs() {
  fetch_and_check solve-heat heat.bin
  fetch_and_check count-traffic traffic.txt
  fetch_and_check count-sample sample.txt
  fetch_and_check count-patients patients.txt
  fetch_and_check count-words counts.txt
  fetch_and_check filter-sensor alarms.txt
  fetch_and_check resume-digits digits.model
  fetch_and_check train-digits digits.model
  compare_training
  ada logs "${number[ring-allreduce]}" >"$work/ring.log"
  grep -q . "$work/ring.log" || problem "ring-allreduce has printed nothing"
  ran_at count-traffic 52/cellar
  ran_at count-sample harbor
  ran_at count-patients 42/lights
  ran_at filter-sensor valve
}
