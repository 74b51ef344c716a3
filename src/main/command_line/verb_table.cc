// The table of verbs and options: what `intertie help` says is what the parser does.
#include <algorithm>
#include <array>

#include "command_line/spec.h"

namespace intertie::cli {
namespace {

using enum ValueKind;

constexpr std::string_view kStart = "Start";
constexpr std::string_view kWork = "Run work";
constexpr std::string_view kLook = "See what happened";
constexpr std::string_view kOperate = "Operate";
constexpr std::string_view kTools = "Tools";
constexpr std::array kGroups = {kStart, kWork, kLook, kOperate, kTools};

constexpr std::array kGlobal = {
    Option{"output", 'o', choice, "FORMAT",
           "how results are written; without it a table on a terminal, on a pipe exact values "
           "between tabs, no titles",
           "table|json|jsonl|csv"},
    Option{"quiet", 'q', flag, "", "print only identifiers, no talk and no progress"},
    Option{"explain-api", 0, flag, "", "also print each call as a curl command"},
    Option{"context", 0, text, "FILE", "which hub and token to use ($INTERTIE_CONTEXT)"},
    Option{"color", 0, choice, "WHEN", "colours (NO_COLOR turns them off)", "auto|always|never"},
    Option{"help", 'h', flag, "", "explain the command"},
    Option{"version", 0, flag, "", "print the version"},
};

constexpr std::array kDev = {
    Option{"data", 0, text, "DIR", "where everything is kept"},
    Option{"listen", 0, text, "HOST:PORT", "address for users (default 127.0.0.1 and a free port)"},
    Option{"region", 0, text, "CODE", "two characters (default 90, a private one)"},
};
constexpr std::array<std::string_view, 2> kDevExamples = {
    "dev", "dev --data /tmp/try --listen 127.0.0.1:7300"};

constexpr std::array kHubStart = {
    Option{"data", 0, text, "DIR", "the hub's folder (created)"},
    Option{"listen", 0, text, "HOST:PORT", "address for users"},
    Option{"site-listen", 0, text, "HOST:PORT", "address for sites"},
    Option{"site-address", 0, text, "HOST:PORT", "what sites are told to dial"},
    Option{"data-listen", 0, text, "HOST:PORT", "address where sites of other regions pull data"},
    Option{"data-address", 0, text, "HOST:PORT", "what those sites are told to dial"},
    Option{"host-name", 0, text, "NAME", "in the certificate for users", {}, true},
    Option{"user", 0, text, "NAME[=MONEY]", "a user from the first start on", {}, true},
    Option{"region", 0, text, "CODE", "two characters (default 90, a private one)"},
    Option{"name", 0, text, "NAME", "what the hub is called"},
    Option{"currency", 0, text, "CODE", "of all its money (default CNY)"},
    Option{"fee-per-mille", 0, count, "N", "of each charge, kept by the hub (default 10)"},
    Option{"log", 0, text, "FILE", "JSON lines (default: hub.log in its folder)"},
    Option{"plain", 0, flag, "", "no TLS for users (only on a loopback address)"},
    Option{"snapshot-records", 0, count, "N", "a snapshot after so many records"},
    Option{"fail-point", 0, text, "NAME:COUNT", "die there, to test recovery"},
};
constexpr std::array<std::string_view, 1> kHubStartExamples = {
    "hub start --data /var/lib/intertie/hub --listen 0.0.0.0:7300 --site-listen 0.0.0.0:7301"};

constexpr std::array kCardOperands = {Operand{"CARD"}};
constexpr std::array kPeerAdd = {
    Option{"credit", 0, money, "MONEY", "the most it may owe this hub (default 0: nothing)"},
};
constexpr std::array kPeerOperands = {Operand{"PEER"}};
constexpr std::array kPeerChange = {
    Option{"address", 0, text, "HOST:PORT", "its listener for sites and hubs"},
    Option{"name", 0, text, "NAME", "what it is called here"},
};
constexpr std::array<std::string_view, 1> kPeerChangeExamples = {
    "hub peer change 42 --address hub.hubei.example:7301"};
constexpr std::array<std::string_view, 1> kPeerAddExamples = {
    "hub peer add - --credit 10000 < card-of-hubei"};

constexpr std::array kLineAdd = {
    Option{"to", 0, text, "CODE", "the region it leads to"},
    Option{"bandwidth", 0, bandwidth, "RATE", "what it carries: 100mbit, 2.5gbit"},
    Option{"latency", 0, duration, "TIME", "one way (default 0)"},
    Option{"price", 0, money, "MONEY", "of 10^9 bytes (default 0)"},
};
constexpr std::array<std::string_view, 1> kLineAddExamples = {
    "line add --to 52 --bandwidth 100mbit --latency 20ms --price 0.05"};

// What a site says of itself in its record.
constexpr Option kPlace = {"place", 0, text, "CODE", "its record: six digits of GB/T 2260"};
constexpr Option kCommissioned = {"commissioned", 0, text, "DAY", "its record: in use since"};
constexpr Option kClaim = {
    "claim", 0,   rate, "RATE", "its record: what each of its nodes does, as '2 TFLOPS fp64'",
    {},      true};
constexpr Option kAka = {"aka", 0,   text, "SCHEME=NAME", "its record: what else it is called",
                         {},    true};
constexpr std::array kOffer = {
    Option{"data", 0, text, "DIR", "the site's folder (created)"},
    Option{"name", 0, text, "NAME", "what the site is called: a-z 0-9 -"},
    Option{"region", 0, text, "CODE", "two characters (default: its hub's)"},
    Option{"class", 0, choice, "CLASS", "offer the machine as", "basic|intelligent|super"},
    Option{"price", 0, money, "MONEY", "of a core for an hour (default 0.20)"},
    Option{"gib-price", 0, money, "MONEY", "of a GiB of memory for an hour (default 0.02)"},
    Option{"device-price", 0, money, "MONEY", "of a device for an hour (default 5)"},
    Option{"latency", 0, count, "MS", "to its users, in milliseconds (default 0)"},
    Option{"keep-cpus", 0, cpus, "N", "cores to keep from jobs (default 0)"},
    Option{"keep-memory", 0, size, "SIZE", "memory to keep from jobs (default 512MiB)"},
    Option{"scratch", 0, size, "SIZE", "disk space for jobs (default half of what is free)"},
    Option{"network", 0, choice, "WHAT", "the most a job may reach", "none|gang|outside"},
    Option{"cleared", 0, choice, "LEVEL", "how sensitive data may lie here (default open)",
           "open|internal|confidential|secret"},
    Option{"software", 0, text, "NAME[=DIRS]", "an environment jobs may ask for", {}, true},
    Option{"device-root", 0, text, "DIR", "look for devices below it (rehearsals)"},
    Option{"data-listen", 0, text, "HOST:PORT", "address where the hub's other sites pull data"},
    Option{"data-address", 0, text, "HOST:PORT", "what those sites are told to dial"},
    Option{"quick", 0, flag, "", "measure for 2 s instead of 10 s"},
    Option{"stop-tasks", 0, flag, "", "end running tasks when the agent stops"},
    Option{"snapshot-records", 0, count, "N", "a snapshot of the journal after so many records"},
    Option{"fail-point", 0, text, "NAME:COUNT", "die there, to test recovery"},
};
constexpr std::array kFacts = {kPlace, kCommissioned, kClaim, kAka};
constexpr auto kJoin = [] {
  std::array<Option, kOffer.size() + kFacts.size()> all;
  std::ranges::copy(kFacts, std::ranges::copy(kOffer, all.begin()).out);
  return all;
}();
constexpr std::array kToken = {
    Option{"operator", 0, text, "NAME", "who operates the site and is paid (default: you)"},
};
constexpr std::array kJoinOperands = {Operand{"TOKEN"}};
constexpr std::array kSiteOperands = {Operand{"SITE"}};
constexpr std::array kDryRun = {
    Option{"dry-run", 0, flag, "", "say what would be done, change nothing"}};
constexpr std::array kFolder = {Option{"data", 0, text, "DIR", "the folder to look at"}};
constexpr std::array kDoctor = {
    Option{"data", 0, text, "DIR", "the folder to look at"},
    Option{"listen",
           0,
           text,
           "HOST:PORT",
           "can a hub listen there? (default: its usual ports)",
           {},
           true},
};
constexpr std::array<std::string_view, 1> kJoinExamples = {
    "site join - --name lab --data ~/intertie-site --price 0.20 < token"};

constexpr Option kSecret = {
    "secret", 0,   text, "NAME[=@FILE|=-]", "a sealed variable: from your own, a file, or stdin",
    {},       true};
constexpr std::array kRun = {
    Option{"class", 0, choice, "CLASS", "what kind of computing", "basic|intelligent|super"},
    Option{"cpus", 0, cpus, "N", "cores a task (default 1)"},
    Option{"memory", 0, size, "SIZE", "memory a task (default 256MiB)"},
    Option{"scratch", 0, size, "SIZE", "disk space a task (default: its inputs and 64MiB)"},
    Option{"devices", 0, text, "N:KIND", "devices a task, such as 2:nvidia"},
    Option{"rate", 0, rate, "RATE", "measured rate a task, such as '100 GFLOPS fp32'"},
    Option{"tasks", 0, count, "N", "a gang: all start together, or none"},
    Option{"in", 0, text, "PATH[:TARGET]", "a file to send along", {}, true},
    Option{"out", 0, text, "PATH[=data://NAME]", "a file it will write, and its dataset", {}, true},
    Option{"fetch", 0, text, "DIR", "bring the outputs here when it has ended"},
    Option{"env", 0, text, "NAME=VALUE", "a variable of the program's environment", {}, true},
    kSecret,
    Option{"timeout", 0, duration, "TIME", "the longest it may run (default 1h)"},
    Option{"retries", 0, count, "N", "try again so often if it fails"},
    Option{"on-loss", 0, choice, "WHAT", "if its site is lost: wait, or restart elsewhere",
           "wait|restart"},
    Option{"software", 0, text, "NAME", "an environment a site must offer", {}, true},
    Option{"network", 0, choice, "WHAT", "what the program may reach", "none|gang|outside"},
    Option{"isolation", 0, choice, "LEVEL", "the weakest allowed", "process|namespace"},
    Option{"region", 0, text, "CODE", "only there", {}, true},
    Option{"max-price", 0, money, "MONEY", "the job never costs more"},
    Option{"priority", 0, choice, "CLASS", "of this job among yours", "low|normal|high"},
    Option{"account", 0, text, "NAME", "who pays (default: you)"},
    Option{"name", 0, text, "NAME", "what to call the job"},
    Option{"tag", 0, text, "NAME=VALUE", "to find it again", {}, true},
    Option{"key", 0, text, "TEXT", "the same key again is the same job, not a second one"},
    Option{"detach", 'd', flag, "", "return when the job is accepted"},
    Option{"wait", 0, flag, "", "wait for the end (the default)"},
    Option{"dry-run", 0, flag, "", "show where it would run, and run nothing"},
};
constexpr std::array kCommandOperands = {Operand{"COMMAND", Need::list}};
constexpr std::array<std::string_view, 4> kRunExamples = {
    "run -- echo hello",
    "run --cpus 2 --in data.csv --out result.csv --fetch . -- ./analyse data.csv",
    "run --class intelligent --devices 2:nvidia --timeout 3h -- ./train.sh",
    "run --tasks 4 --network gang -- ./solver"};

constexpr std::array kSubmit = {
    Option{"check", 0, flag, "", "only check the file; needs no hub"},
    Option{"dry-run", 0, flag, "", "show where it would run, and run nothing"},
    Option{"wait", 0, flag, "", "wait for the end and show the output, as run does"},
    Option{"fetch", 0, text, "DIR", "with --wait: bring the outputs here"},
    kSecret,
    Option{"count", 0, count, "N", "submit it so many times in one request"},
    Option{"key", 0, text, "TEXT", "the same key again is the same job, not a second one"},
};
constexpr std::array kFileOperands = {Operand{"FILE"}};
constexpr std::array<std::string_view, 3> kSubmitExamples = {
    "submit job.yaml", "submit --check job.yaml", "submit - < job.json"};
constexpr std::array<std::string_view, 1> kPlanExamples = {"plan job.yaml"};

constexpr std::array kJobs = {
    Option{"watch", 'w', flag, "", "go on with a line for each change, until Ctrl-C"},
    Option{"phase", 0, choice, "PHASE", "only those", "waiting|running|ended"},
    Option{"tag", 0, text, "NAME=VALUE", "only those"},
    Option{"limit", 'n', count, "N", "at most so many, newest first (default 20)"},
    Option{"after", 0, text, "CURSOR", "the next page; the page before names it"},
    Option{"owner", 0, text, "NAME", "operators: somebody's jobs, or * for all"},
};
constexpr std::array kOptionalJob = {Operand{"JOB", Need::optional}};
constexpr std::array kJob = {Operand{"JOB"}};
constexpr std::array kJobList = {Operand{"JOB", Need::list}};
constexpr std::array<std::string_view, 3> kJobsExamples = {"jobs", "jobs 7",
                                                           "jobs --phase running -o json"};
constexpr std::array kLogs = {
    Option{"follow", 'f', flag, "", "go on until the job has ended"},
    Option{"stream", 0, choice, "NAME", "which of the two (default stdout)", "stdout|stderr"},
    Option{"rank", 0, count, "N", "which task of a gang (default 0)"},
};
constexpr std::array<std::string_view, 2> kLogsExamples = {"logs 7", "logs -f 7"};
constexpr std::array kFetch = {Option{"to", 0, text, "DIR", "where to put them (default: here)"}};
constexpr std::array<std::string_view, 1> kFetchExamples = {"outputs 7 --to results"};
constexpr std::array<std::string_view, 1> kExplainExamples = {"explain 7"};
constexpr std::array kBill = {
    Option{"from", 0, text, "TIME", "RFC 3339; default: the last 30 days"},
    Option{"to", 0, text, "TIME", "RFC 3339; default: now"},
    Option{"by", 0, choice, "WHAT", "who paid whom, in and across regions", "region"},
    Option{"owner", 0, text, "NAME",
           "operators: another user, or * for all and for jobs of other regions here"},
};
constexpr std::array<std::string_view, 3> kBillExamples = {
    "bill 7", "bill --from 2026-11-01T00:00:00Z", "bill --by region"};

constexpr std::array kIdOperands = {Operand{"ID"}};
constexpr std::array<std::string_view, 1> kIdExamples = {"id check 44S-7K3QF-00M2T9-QP"};
constexpr std::array kIdNew = {
    Option{"registry", 0, text, "CODE", "two characters (default 90, a private one)"},
    Option{"type", 0, text, "TYPE", "site, pool, node, line, dataset ... (default site)"},
    Option{"participant", 0, count, "N", "its number at the registry"},
    Option{"serial", 0, count, "N", "its number at the participant"},
};
constexpr std::array kMeasure = {
    Option{"quick", 0, flag, "", "2 s instead of 10 s; wider spreads"},
    Option{"disk", 0, text, "DIR", "measure the disk there"},
    Option{"sign", 0, text, "DIR", "sign with this folder's key (made if missing)"},
    Option{"subject", 0, text, "ID", "whose machine it is: an identifier"},
    Option{"to", 0, text, "FILE", "where the signed statement goes"},
};
constexpr std::array<std::string_view, 2> kMeasureExamples = {
    "measure --quick", "measure --sign keys --subject 90S-00001-000001-QH --to statement.json"};

constexpr std::array kDatasets = {Operand{"DATASET", Need::list}};
constexpr std::array kAnyDatasets = {Operand{"DATASET", Need::list_or_none}};
constexpr std::array kDataset = {Operand{"DATASET"}};
constexpr std::array kFiles = {Operand{"FILE", Need::list}};
constexpr std::array kDataPut = {
    Option{"name", 0, text, "NAME", "jobs then read it as data://NAME"},
    Option{"pin", 0, flag, "", "never give it up for space"},
    Option{"readers", 0, text, "NAMES", "who else may read it, separated by commas"},
    Option{"regions", 0, text, "CODES",
           "where it may lie, separated by commas (default: anywhere)"},
    Option{"classification", 0, choice, "LEVEL", "how sensitive it is",
           "open|internal|confidential|secret"},
    Option{"keep-until", 0, text, "TIME", "when it is removed everywhere (2027-01-31T00:00:00Z)"},
    Option{"region", 0, text, "CODE", "whose hub keeps it (default: yours)"},
};
constexpr std::array<std::string_view, 3> kDataPutExamples = {
    "data put train.tar --name train", "data put secret.csv --regions 22,42 --readers bob",
    "data put big.tar --name big --region 52"};
constexpr std::array<std::string_view, 1> kDataGetExamples = {
    "data get data://train --to train.tar"};
constexpr std::string_view kDataDetails =
    "A dataset is named by NAME or data://NAME (yours), data://OWNER/NAME, data:<identity>, or the "
    "sha256:<digest> of the file. Only its owner and the readers it names can see that it exists. "
    "Job files take the same in data.in[].from.";
constexpr std::array kDataTo = {
    Option{"to", 0, text, "FILE", "where to write it (default: stdout)"},
    Option{"region", 0, text, "CODE", "whose hub has it (default: any)"},
};
constexpr std::array kDataRegion = {
    Option{"region", 0, text, "CODE", "whose hub has it (default: any, yours first)"}};
constexpr std::array kOptionalSite = {Operand{"SITE", Need::optional}};

constexpr std::array kDeposit = {Operand{"ACCOUNT"}, Operand{"AMOUNT"}};
constexpr std::array kDepositOptions = {
    Option{"key", 0, text, "TEXT", "the same key again pays in once"},
    Option{"dry-run", 0, flag, "", "say what would be done, change nothing"},
};
constexpr std::array kOptionalAccount = {Operand{"ACCOUNT", Need::optional}};
constexpr std::array kPage = {
    Option{"limit", 'n', count, "N", "at most so many, newest first (default 20)"}};
constexpr std::array kLedgerCheck = {
    Option{"peers", 0, flag, "",
           "ask the other regions' hubs whether their clearing accounts mirror this hub's"}};
constexpr std::array kDisputes = {
    Option{"resolved", 0, flag, "", "those that were resolved"},
    Option{"limit", 'n', count, "N", "at most so many, newest first (default 20)"},
};
constexpr std::array kResolve = {Operand{"DISPUTE"}, Operand{"DECISION"}};
constexpr std::array kYes = {Option{"yes", 'y', flag, "", "do it; without it only explain"}};
constexpr std::array kRevoke = {
    Option{"reason", 0, choice, "WHY", "what the record will say (default order)",
           "key_lost|false_claim|order"},
    Option{"yes", 'y', flag, "", "do it; without it only explain"},
};
constexpr std::array kStoreFolder = {Operand{"DIR"}};
constexpr std::array kPublic = {Operand{"WHAT", Need::optional}};
constexpr std::array kPublicOptions = {
    Option{"saved", 0, text, "FILE", "the head seen last (default: one a hub, with your data)"}};
constexpr std::array<std::string_view, 2> kPublicExamples = {"log public verify",
                                                             "log public head --output json"};
constexpr std::string_view kPublicDetails =
    "`verify` fetches every leaf of the hub's public log, recomputes the tree, and compares it "
    "with "
    "the head that the hub signs now and with the one seen last: a hub that changes what it has "
    "published is caught. No token is needed.";
constexpr std::array kSiteFolder = {Option{"data", 0, text, "DIR", "the site's folder"}};
constexpr std::string_view kRotateDetails =
    "Stop the agent first; running tasks go on. The record names the key that comes next, so a "
    "stolen key cannot be used to take the site over. If it is cut off, run it again.";
constexpr std::array kAmend = {Option{"data", 0, text, "DIR", "the site's folder"}, kPlace,
                               kCommissioned, kClaim, kAka};
constexpr std::string_view kAmendDetails =
    "Stop the agent first; running tasks go on. What is not named stays as it is. A higher claim "
    "makes the record stale until the agent has measured again; what it cannot back is refused.";
constexpr std::array kRetire = {
    Option{"data", 0, text, "DIR", "the site's folder"},
    Option{"yes", 'y', flag, "", "do it; without it only explain"},
};
constexpr std::string_view kRetireDetails =
    "Drain the site, wait until its jobs have ended, and stop the agent first. The record says "
    "retired for ever.";
constexpr std::string_view kSuspendDetails =
    "For the hub's operator. Its record says so, signed, to everybody; draining is the site's own "
    "and says nothing. Only an active site can be suspended.";
constexpr std::array kPurposeOperands = {Operand{"PURPOSE"}};
constexpr std::array kHubKeys = {
    Option{"data", 0, text, "DIR", "the hub's folder"},
    Option{"overlap", 0, duration, "TIME", "tokens of the old key count so long (default 366d)"},
    Option{"at-once", 0, flag, "", "tokens of the old key count no more: it was stolen"},
};
constexpr std::string_view kHubKeysDetails =
    "PURPOSE is token (signs the tokens of users and of sites that join) or seal (opens the "
    "secrets "
    "of jobs). Stop the hub first; sites and jobs go on. Secrets under way stay readable.";
constexpr std::array kBackup = {Operand{"DIR"}, Operand{"TARGET"}};
constexpr std::array kLogShow = {
    Option{"from", 0, count, "N", "the first record (default 1)"},
    Option{"limit", 'n', count, "N", "at most so many (default 50)"},
    Option{"body", 0, flag, "", "their bodies too"},
};
constexpr std::array kBench = {
    Option{"connections", 'c', count, "N", "at the same time (default 8)"},
    Option{"duration", 0, duration, "TIME", "how long (default 10s)"},
    Option{"bytes", 0, count, "N", "size of a job document (default 300)"},
    Option{"bulk", 0, count, "N", "jobs a request (default 1)"},
};
constexpr std::array kBenchRun = {
    Option{"jobs", 'n', count, "N", "how many (default 100)"},
    Option{"connections", 'c', count, "N", "at the same time (default 2)"},
    Option{"isolation", 0, choice, "LEVEL", "the weakest allowed", "process|namespace"},
};
constexpr std::array kSimulate = {
    Option{"seed", 0, count, "N", "one run"},
    Option{"seeds", 0, text, "A-B", "all runs from A to B"},
    Option{"scenario", 0, text, "FILE", "sites, users and disturbances (default: built in)"},
    Option{"compare", 0, choice, "WITH",
           "the same arrivals on regions that are no peers, and on the joined grid", "islands"},
};
constexpr std::array<std::string_view, 3> kSimulateExamples = {
    "simulate --seed 7", "simulate --seeds 1-200 --scenario grid.yaml",
    "simulate --compare islands --scenario provinces.yaml"};
constexpr std::array kShell = {Operand{"SHELL"}};
constexpr std::array kHelp = {Operand{"VERB", Need::list_or_none}};
constexpr std::array kHelpOptions = {Option{"man", 0, flag, "", "the manual page, for man(1)"}};
constexpr std::array<std::string_view, 1> kCompletionExamples = {
    "completion bash > ~/.local/share/bash-completion/completions/intertie"};

constexpr std::string_view kRunDetails =
    "The job's output appears as it is written, and its exit code becomes this command's. A "
    "command "
    "such as ./prog that is a file here is sent along. Ctrl-C once lets the job go on and says how "
    "to come back to it; twice cancels it. The command's standard input is empty: send files with "
    "--in.";

constexpr std::array kVerbs = {
    Verb{"dev", kStart, "a hub and a site on this machine, for trying out", {}, kDev, kDevExamples},
    Verb{"run", kWork, "run a command where it is best, and show its output", kCommandOperands,
         kRun, kRunExamples, kRunDetails, true},
    Verb{"submit", kWork, "submit a job file (YAML or JSON; - reads stdin)", kFileOperands, kSubmit,
         kSubmitExamples},
    Verb{"plan",
         kWork,
         "show where a job file would run, at what price",
         kFileOperands,
         {},
         kPlanExamples},
    Verb{"cancel", kWork, "stop jobs", kJobList, kDryRun},
    Verb{"data put", kWork, "send files to the hub, resumed if cut; prints their digests", kFiles,
         kDataPut, kDataPutExamples, kDataDetails},
    Verb{"data get", kWork, "fetch a dataset, each chunk verified", kDataset, kDataTo,
         kDataGetExamples},
    Verb{"data ls", kWork, "list your datasets in all regions, or say which of these are there",
         kAnyDatasets, kDataRegion},
    Verb{"data show", kWork, "one dataset: chunks, policy, last use", kDataset, kDataRegion},
    Verb{"data pin", kWork, "never give datasets up for space", kDatasets, kDataRegion},
    Verb{"data unpin", kWork, "let datasets go when space is needed", kDatasets, kDataRegion},
    Verb{"data rm", kWork, "remove datasets of yours from a hub", kDatasets, kDataRegion},
    Verb{"jobs", kLook, "list jobs, or show one", kOptionalJob, kJobs, kJobsExamples},
    Verb{"logs", kLook, "what a job has printed", kJob, kLogs, kLogsExamples},
    Verb{"outputs", kLook, "fetch the files a job has written", kJob, kFetch, kFetchExamples},
    Verb{"explain",
         kLook,
         "why a job runs where it runs, or does not run",
         kJob,
         {},
         kExplainExamples},
    Verb{"bill", kLook, "what a job, or a time, has cost", kOptionalJob, kBill, kBillExamples},
    Verb{"sites", kLook, "list sites and pools, or show one", kOptionalSite},
    Verb{"ledger accounts", kLook, "balances", kOptionalAccount},
    Verb{"ledger postings", kLook, "what moved on an account", kOptionalAccount, kPage},
    Verb{"ledger check", kLook, "prove that every entry sums to zero", {}, kLedgerCheck},
    Verb{"ledger disputes", kLook, "usage records that were not accepted", {}, kDisputes},
    Verb{"ledger deposit", kOperate, "pay money into an account", kDeposit, kDepositOptions},
    Verb{"ledger resolve", kOperate, "decide about a disputed usage record: accept or reject",
         kResolve},
    Verb{"hub start", kOperate, "run a hub", {}, kHubStart, kHubStartExamples},
    Verb{"hub init", kOperate, "create a hub's folder and keys without running it", {}, kHubStart},
    Verb{"hub rotate-keys",
         kOperate,
         "give a stopped hub a new key",
         kPurposeOperands,
         kHubKeys,
         {},
         kHubKeysDetails},
    Verb{"hub peer card", kOperate, "print this hub's card, for the operators of other regions"},
    Verb{"hub peer add", kOperate, "add another region's hub by its card (- reads stdin)",
         kCardOperands, kPeerAdd, kPeerAddExamples},
    Verb{"hub peer change", kOperate, "a peer is called so, or listens there, from now on",
         kPeerOperands, kPeerChange, kPeerChangeExamples},
    Verb{"hub peer reconcile", kOperate, "let a peer whose history differs start anew",
         kPeerOperands, kYes},
    Verb{"hub peer list", kOperate, "the hubs of other regions, and what is owed"},
    Verb{"line add",
         kOperate,
         "register a line from this region, or other figures for it",
         {},
         kLineAdd,
         kLineAddExamples},
    Verb{"line list", kOperate, "the lines between regions, as registered and as measured"},
    Verb{"site token", kOperate, "make a token with which one site can join", {}, kToken},
    Verb{"site join", kOperate, "measure this machine, join a hub with it, and serve",
         kJoinOperands, kJoin, kJoinExamples},
    Verb{"site start", kOperate, "serve again with a site that has joined", {}, kOffer},
    Verb{"site list", kOperate, "list sites and pools"},
    Verb{"site drain", kOperate, "no new jobs for a site", kSiteOperands, kDryRun},
    Verb{"site resume", kOperate, "new jobs for a site again", kSiteOperands, kDryRun},
    Verb{"site rotate-keys",
         kOperate,
         "give a site the next of its keys",
         {},
         kSiteFolder,
         {},
         kRotateDetails},
    Verb{"site amend",
         kOperate,
         "change what a site's record says of it",
         {},
         kAmend,
         {},
         kAmendDetails},
    Verb{"site retire",
         kOperate,
         "end a site in good order, for ever",
         {},
         kRetire,
         {},
         kRetireDetails},
    Verb{"site suspend", kOperate, "lock a site's record", kSiteOperands, {}, {}, kSuspendDetails},
    Verb{"site reinstate", kOperate, "end a suspension", kSiteOperands},
    Verb{"site reconcile", kOperate, "let a site whose history differs start anew", kSiteOperands,
         kYes},
    Verb{"site revoke", kOperate, "end a site's record for ever, with all its keys", kSiteOperands,
         kRevoke},
    Verb{"site doctor", kOperate, "check what this machine can offer as a site", {}, kFolder},
    Verb{"log verify", kOperate, "check the hash chain of a store's folder", kStoreFolder},
    Verb{"log public", kOperate, "check the hub's public log, which nobody can rewrite unseen",
         kPublic, kPublicOptions, kPublicExamples, kPublicDetails},
    Verb{"log show", kOperate, "print the records of a store's folder", kStoreFolder, kLogShow},
    Verb{"log reindex", kOperate, "build a hub's index anew from its log", kStoreFolder},
    Verb{"log backup", kOperate, "copy a store's folder, also while it is in use", kBackup},
    Verb{"id check", kTools, "check an identifier, offline", kIdOperands, {}, kIdExamples},
    Verb{"id show", kTools,
         "what an identifier stands for, as its registry signed it, in any region", kIdOperands},
    Verb{"id new", kTools, "make an identifier from its parts, offline", {}, kIdNew},
    Verb{"measure", kTools, "measure this machine", {}, kMeasure, kMeasureExamples},
    Verb{"simulate",
         kTools,
         "run the whole grid in virtual time and check its invariants",
         {},
         kSimulate,
         kSimulateExamples},
    Verb{"bench submit", kTools, "load a hub with job submissions", {}, kBench},
    Verb{"bench run", kTools, "run `true` jobs from end to end", {}, kBenchRun},
    Verb{
        "doctor", kTools, "check clock, sandbox, disk, ports, context, token and hub", {}, kDoctor},
    Verb{"completion", kTools, "completion for bash, zsh or fish", kShell, {}, kCompletionExamples},
    Verb{"help", kTools, "explain a verb", kHelp, kHelpOptions},
};

constexpr std::array kSynonyms = {
    Synonym{"ls", "jobs"},
    Synonym{"list", "jobs"},
    Synonym{"ps", "jobs"},
    Synonym{"status", "jobs"},
    Synonym{"squeue", "jobs"},
    Synonym{"queue", "jobs"},
    Synonym{"show", "jobs"},
    Synonym{"job", "jobs"},
    Synonym{"sbatch", "submit"},
    Synonym{"apply", "submit"},
    Synonym{"qsub", "submit"},
    Synonym{"create", "submit"},
    Synonym{"exec", "run"},
    Synonym{"srun", "run"},
    Synonym{"launch", "run"},
    Synonym{"start", "dev"},
    Synonym{"serve", "dev"},
    Synonym{"server", "hub start"},
    Synonym{"kill", "cancel"},
    Synonym{"stop", "cancel"},
    Synonym{"rm", "cancel"},
    Synonym{"delete", "cancel"},
    Synonym{"scancel", "cancel"},
    Synonym{"why", "explain"},
    Synonym{"describe", "explain"},
    Synonym{"cost", "bill"},
    Synonym{"invoice", "bill"},
    Synonym{"sinfo", "sites"},
    Synonym{"nodes", "sites"},
    Synonym{"pools", "sites"},
    Synonym{"output", "logs"},
    Synonym{"tail", "logs"},
    Synonym{"upload", "data put"},
    Synonym{"download", "data get"},
    Synonym{"join", "site join"},
    Synonym{"check", "doctor"},
    Synonym{"money", "ledger accounts"},
    Synonym{"balance", "ledger accounts"},
    Synonym{"accounts", "ledger accounts"},
    Synonym{"deposit", "ledger deposit"},
    Synonym{"agent", "site start"},
    Synonym{"fetch", "outputs"},
    Synonym{"benchmark", "bench submit"},
};

}  // namespace

std::span<const Verb> get_verbs() { return kVerbs; }
std::span<const Option> get_global_options() { return kGlobal; }
std::span<const std::string_view> get_groups() { return kGroups; }
std::span<const Synonym> get_synonyms() { return kSynonyms; }

}  // namespace intertie::cli
