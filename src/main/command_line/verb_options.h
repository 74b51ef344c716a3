// The options and operands of the verbs; verb_table.cc says which verb has which.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "command_line/context_options.h"
#include "command_line/spec.h"

namespace intertie::cli::table {
using enum ValueKind;

inline constexpr std::string_view kStart = "Start";
inline constexpr std::string_view kWork = "Run work";
inline constexpr std::string_view kLook = "See what happened";
inline constexpr std::string_view kOperate = "Operate";
inline constexpr std::string_view kTools = "Tools";
inline constexpr std::array kGroups = {kStart, kWork, kLook, kOperate, kTools};

inline constexpr std::array kGlobal = {
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

inline constexpr std::array kDev = {
    Option{"data", 0, text, "DIR", "where everything is kept"},
    Option{"listen", 0, text, "HOST:PORT", "address for users (default 127.0.0.1 and a free port)"},
    Option{"region", 0, text, "CODE", "two characters (default 90, a private one)"},
};
inline constexpr std::array<std::string_view, 2> kDevExamples = {
    "dev", "dev --data /tmp/try --listen 127.0.0.1:7300"};

inline constexpr std::array kHubStart = {
    Option{"data", 0, text, "DIR", "the hub's folder (created)"},
    Option{"store", 0, text, "URL", "the log's database, postgres://... (default: in the folder)"},
    Option{"listen", 0, text, "HOST:PORT", "address for users"},
    Option{"site-listen", 0, text, "HOST:PORT", "address for sites"},
    Option{"site-address", 0, text, "HOST:PORT", "what sites are told to dial"},
    Option{"data-listen", 0, text, "HOST:PORT", "address where sites of other regions pull data"},
    Option{"data-address", 0, text, "HOST:PORT", "what those sites are told to dial"},
    Option{"host-name", 0, text, "NAME", "in the certificate for users", {}, true},
    Option{"user", 0, text, "NAME[=MONEY]", "a user, with money if new", {}, true},
    Option{"token-lifetime", 0, duration, "TIME", "of the contexts it keeps (default 7d)"},
    Option{"region", 0, text, "CODE", "two characters (default 90, a private one)"},
    Option{"name", 0, text, "NAME", "what the hub is called"},
    Option{"currency", 0, text, "CODE", "of all its money (default CNY)"},
    Option{"fee-per-mille", 0, count, "N", "of each charge, kept by the hub (default 10)"},
    Option{"log", 0, text, "FILE", "JSON lines (default: hub.log in its folder)"},
    Option{"plain", 0, flag, "", "no TLS for users (only on a loopback address)"},
    Option{"snapshot-records", 0, count, "N", "a snapshot after so many records"},
    Option{"fail-point", 0, text, "NAME:COUNT", "die there, to test recovery"},
};
inline constexpr std::array<std::string_view, 1> kHubStartExamples = {
    "hub start --data /var/lib/intertie/hub --listen 0.0.0.0:7300 --site-listen 0.0.0.0:7301"};

inline constexpr std::array kNameOperands = {Operand{"NAME"}};
inline constexpr Option kTokenLifetime{"lifetime", 0, duration, "TIME",
                                       "of the token (default 7d)"};
inline constexpr Option kTokenScope{
    "scope", 0, text, "SCOPE", "what the token allows (default: all that the role does)", {}, true};
inline constexpr Option kSaveContext{"save", 0, text, "FILE",
                                     "the context file (default: NAME.yaml)"};
inline constexpr std::array kUserAdd = {
    Option{"role", 0, choice, "ROLE", "what the name may do (default user)",
           "user|provider|operator"},
    Option{"deposit", 0, money, "MONEY", "paid into the account at once"},
    Option{"credit", 0, money, "MONEY", "how far below zero the account may go (default 0)"},
    Option{"jobs-max", 0, count, "N", "the most jobs that have not ended"},
    kTokenLifetime,
    kTokenScope,
    kSaveContext,
    kRehearse,
};
inline constexpr std::array kUserToken = {kTokenLifetime, kTokenScope, kSaveContext, kRehearse};
inline constexpr std::array<std::string_view, 1> kUserAddExamples = {
    "hub user add ada --deposit 1000 --save ada.yaml"};
inline constexpr std::array<std::string_view, 1> kUserTokenExamples = {
    "hub user token ada --lifetime 30d --save ada.yaml"};
inline constexpr std::array kLimitOperands = {Operand{"ACCOUNT"}, Operand{"LIMIT"}};

inline constexpr std::array kCardOperands = {Operand{"CARD"}};
inline constexpr std::array kPeerAdd = {
    Option{"credit", 0, money, "MONEY", "the most it may owe this hub (default 0: nothing)"},
    kRehearse,
};
inline constexpr std::array kPeerOperands = {Operand{"PEER"}};
inline constexpr std::array kPeerChange = {
    Option{"address", 0, text, "HOST:PORT", "its listener for sites and hubs"},
    Option{"name", 0, text, "NAME", "what it is called here"},
    Option{"credit", 0, money, "MONEY", "the most it may owe this hub"},
    kRehearse,
};
inline constexpr std::array<std::string_view, 2> kPeerChangeExamples = {
    "hub peer change 42 --address hub.hubei.example:7301", "hub peer change 42 --credit 20000"};
inline constexpr std::array kSettleOperands = {Operand{"PEER"}, Operand{"AMOUNT"}};
inline constexpr std::array kSettle = {
    Option{"memo", 0, text, "TEXT", "what both hubs' books say about it"},
    Option{"key", 0, text, "KEY", "a repeat under the same key pays once (default: a new one)"},
    kRehearse,
};
inline constexpr std::array<std::string_view, 1> kSettleExamples = {
    "hub peer settle 22 1500 --memo 'transfer of 30 November'"};
inline constexpr std::string_view kSettleDetails =
    "Who was paid says so: AMOUNT came from the peer, outside of both hubs. It may be at most "
    "what\n"
    "the peer owes and does not dispute. The peer's hub books it, too, and then this one does; if\n"
    "it does not owe so much, neither does.";
inline constexpr std::array kAdjust = {
    Option{"reason", 0, text, "TEXT", "why; both hubs' logs keep it"},
    Option{"account", 0, text, "NAME", "who bears it (default: the hub's account for losses)"},
    Option{"yes", 'y', flag, "", "propose it; without it only explain"},
    Option{"agree", 0, flag, "", "to what the peer proposes"},
    Option{"refuse", 0, flag, "", "what the peer proposes"},
};
inline constexpr std::array<std::string_view, 2> kAdjustExamples = {
    "hub peer adjust 42 --reason 'restored from the backup of 3 March' --yes",
    "hub peer adjust 22 --agree"};
inline constexpr std::string_view kAdjustDetails =
    "After one of two hubs was restored from a backup, and both were reconciled, their accounts "
    "with\n"
    "each other may differ by what was forgotten. This proposes to change this hub's side by just\n"
    "that. Nothing changes before the other hub's operator agrees.";
inline constexpr std::array<std::string_view, 1> kPeerAddExamples = {
    "hub peer add - --credit 10000 < card-of-hubei"};

inline constexpr std::array kLineAdd = {
    Option{"to", 0, text, "CODE", "the region it leads to"},
    Option{"bandwidth", 0, bandwidth, "RATE", "what it carries: 100mbit, 2.5gbit"},
    Option{"latency", 0, duration, "TIME", "one way (default 0)"},
    Option{"price", 0, money, "MONEY", "of 10^9 bytes; weighed, not billed (default 0)"},
    kRehearse,
};
inline constexpr std::array<std::string_view, 1> kLineAddExamples = {
    "line add --to 52 --bandwidth 100mbit --latency 20ms --price 0.05"};

inline constexpr std::array kLineOperands = {Operand{"REGION"}};
inline constexpr std::array<std::string_view, 1> kLineRmExamples = {"line rm 52"};

// What a site says of itself in its record.
inline constexpr Option kPlace = {"place", 0, text, "CODE", "its record: six digits of GB/T 2260"};
inline constexpr Option kCommissioned = {"commissioned", 0, text, "DAY",
                                         "its record: in use since"};
inline constexpr Option kClaim = {
    "claim", 0,   rate, "RATE", "its record: what each of its nodes does, as '2 TFLOPS fp64'",
    {},      true};
inline constexpr Option kAka = {
    "aka", 0, text, "SCHEME=NAME", "its record: what else it is called", {}, true};
inline constexpr std::array kOffer = {
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
    Option{"engine", 0, choice, "ENGINE", "what runs the tasks (default this machine)",
           "local|slurm"},
    Option{"slurm-shared", 0, text, "DIR", "a folder that agent and nodes share"},
    Option{"slurm-users", 0, text, "FILE", "table: which Unix user runs whose tasks"},
    Option{"slurm-partition", 0, text, "NAME", "publish only this one", {}, true},
    Option{"slurm-conf", 0, text, "FILE", "Slurm's configuration ($SLURM_CONF)"},
    Option{"slurm-constraint", 0, text, "FEATURES", "for all jobs, as sbatch takes it"},
    Option{"slurm-program", 0, text, "FILE", "this program as the nodes see it"},
    Option{"slurm-listen", 0, text, "HOST:PORT",
           "where nodes report (default 127.0.0.1, a free port)"},
    Option{"slurm-address", 0, text, "HOST:PORT", "what nodes are told to dial for that"},
    Option{"slurm-poll", 0, duration, "TIME", "between looks at the queue (default 5s)"},
    Option{"slurm-silence", 0, duration, "TIME",
           "a node without the shared folder ends its tasks (default 60s)"},
    Option{"slurm-pilot", 0, duration, "TIME",
           "tasks with this limit or less share jobs (default none)"},
    Option{"quick", 0, flag, "", "measure for 2 s instead of 10 s"},
    Option{"stop-tasks", 0, flag, "", "end running tasks when the agent stops"},
    Option{"snapshot-records", 0, count, "N", "a snapshot of the journal after so many records"},
    Option{"fail-point", 0, text, "NAME:COUNT", "die there, to test recovery"},
};
inline constexpr std::array kFacts = {kPlace, kCommissioned, kClaim, kAka};
inline constexpr auto kJoin = [] {
  std::array<Option, kOffer.size() + kFacts.size()> all;
  std::ranges::copy(kFacts, std::ranges::copy(kOffer, all.begin()).out);
  return all;
}();
inline constexpr std::array kToken = {
    Option{"operator", 0, text, "NAME", "who operates the site and is paid (default: you)"},
    kRehearse,
};
inline constexpr std::array kJoinOperands = {Operand{"TOKEN"}};
inline constexpr std::array kSiteOperands = {Operand{"SITE"}};
inline constexpr std::array kDryRun = {
    Option{"dry-run", 0, flag, "", "say what would be done, change nothing"}};
inline constexpr std::array kSiteDoctor = {
    Option{"data", 0, text, "DIR", "the folder to look at"},
    Option{"sandbox", 0, flag, "", "try every door of the sandbox from inside, list them all"},
};
inline constexpr std::array<std::string_view, 2> kSiteDoctorExamples = {
    "site doctor", "site doctor --sandbox -o json"};
inline constexpr std::array kDoctor = {
    Option{"data", 0, text, "DIR", "the folder to look at"},
    Option{"listen",
           0,
           text,
           "HOST:PORT",
           "can a hub listen there? (default: its usual ports)",
           {},
           true},
};
inline constexpr std::array<std::string_view, 1> kJoinExamples = {
    "site join - --name lab --data ~/intertie-site --price 0.20 < token"};

inline constexpr Option kSecret = {
    "secret", 0,   text, "NAME[=@FILE|=-]", "a sealed variable: from your own, a file, or stdin",
    {},       true};
inline constexpr std::array kRun = {
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
    Option{"yes", 'y', flag, "", "do not ask on a terminal"},
    Option{"dry-run", 0, flag, "", "show where it would run, and run nothing"},
};
inline constexpr std::array kCommandOperands = {Operand{"COMMAND", Need::list}};
inline constexpr std::array<std::string_view, 4> kRunExamples = {
    "run -- echo hello",
    "run --cpus 2 --in data.csv --out result.csv --fetch . -- ./analyse data.csv",
    "run --class intelligent --devices 2:nvidia --timeout 3h -- ./train.sh",
    "run --tasks 4 --network gang -- ./solver"};

inline constexpr std::array kSubmit = {
    Option{"check", 0, flag, "", "only check the file; needs no hub"},
    Option{"dry-run", 0, flag, "", "show where it would run, and run nothing"},
    Option{"wait", 0, flag, "", "wait for the end and show the output, as run does"},
    Option{"yes", 'y', flag, "", "do not ask on a terminal"},
    Option{"fetch", 0, text, "DIR", "with --wait: bring the outputs here"},
    kSecret,
    Option{"count", 0, count, "N", "submit it so many times in one request"},
    Option{"key", 0, text, "TEXT", "the same key again is the same job, not a second one"},
};
inline constexpr std::array kFileOperands = {Operand{"FILE"}};
inline constexpr std::array<std::string_view, 3> kSubmitExamples = {
    "submit job.yaml", "submit --check job.yaml", "submit - < job.json"};
inline constexpr std::array<std::string_view, 1> kPlanExamples = {"plan job.yaml"};
inline constexpr std::string_view kPlanDetails =
    "RATE is measured, of one task: at the precision the job names, else FP64 in pools of class "
    "basic "
    "and super, and in those of class intelligent BF16, or INT8 where that alone was measured. "
    "DATA "
    "is what must come from another region, MOVE the time until all inputs are there, AN HOUR what "
    "an hour of the job costs.\n"
    "TOTAL weighs computing, moving data over lines, and waiting; the least is chosen. AT MOST is "
    "what computing costs at the time limit, and moving. Computing is held and billed; what lines "
    "cost is weighed, and held against price.max, and not billed.";

inline constexpr std::array kJobs = {
    Option{"watch", 'w', flag, "", "go on with a line for each change, until Ctrl-C"},
    Option{"phase", 0, choice, "PHASE", "only those", "waiting|running|ended"},
    Option{"tag", 0, text, "NAME=VALUE", "only those"},
    Option{"limit", 'n', count, "N", "at most so many, newest first (default 20)"},
    Option{"after", 0, text, "CURSOR", "the next page; the page before names it"},
    Option{"owner", 0, text, "NAME", "operators: somebody's jobs, or * for all"},
    Option{"guests", 0, flag, "", "operators: jobs of other regions that run or ran here"},
};
inline constexpr std::array kOptionalJob = {Operand{"JOB", Need::optional}};
inline constexpr std::array kJob = {Operand{"JOB"}};
inline constexpr std::array kJobList = {Operand{"JOB", Need::list}};
inline constexpr std::array<std::string_view, 3> kJobsExamples = {"jobs", "jobs 7",
                                                                  "jobs --phase running -o json"};
inline constexpr std::array kLogs = {
    Option{"follow", 'f', flag, "", "go on until the job has ended"},
    Option{"stream", 0, choice, "NAME", "which of the two (default stdout)", "stdout|stderr"},
    Option{"rank", 0, count, "N", "which task of a gang (default 0)"},
};
inline constexpr std::array<std::string_view, 2> kLogsExamples = {"logs 7", "logs -f 7"};
inline constexpr std::array kFetch = {
    Option{"to", 0, text, "DIR", "where to put them (default: here)"}};
inline constexpr std::array<std::string_view, 1> kFetchExamples = {"outputs 7 --to results"};
inline constexpr std::array<std::string_view, 1> kExplainExamples = {"explain 7"};
inline constexpr std::array kBill = {
    Option{"from", 0, text, "TIME", "RFC 3339; default: the last 30 days"},
    Option{"to", 0, text, "TIME", "RFC 3339; default: now"},
    Option{"by", 0, choice, "WHAT", "who paid whom, in and across regions", "region"},
    Option{"owner", 0, text, "NAME",
           "operators: another user, or * for all and for jobs of other regions here"},
};
inline constexpr std::array<std::string_view, 3> kBillExamples = {
    "bill 7", "bill --from 2026-11-01T00:00:00Z", "bill --by region"};

inline constexpr std::array kIdOperands = {Operand{"ID"}};
inline constexpr std::array<std::string_view, 1> kIdExamples = {"id check 44S-7K3QF-00M2T9-QP"};
inline constexpr std::array kIdNew = {
    Option{"registry", 0, text, "CODE", "two characters (default 90, a private one)"},
    Option{"type", 0, text, "TYPE", "site, pool, node, line, dataset ... (default site)"},
    Option{"participant", 0, count, "N", "its number at the registry"},
    Option{"serial", 0, count, "N", "its number at the participant"},
};
inline constexpr std::array kMeasure = {
    Option{"quick", 0, flag, "", "2 s instead of 10 s; wider spreads"},
    Option{"disk", 0, text, "DIR", "measure the disk there"},
    Option{"sign", 0, text, "DIR", "sign with this folder's key (made if missing)"},
    Option{"subject", 0, text, "ID", "whose machine it is: an identifier"},
    Option{"to", 0, text, "FILE", "where the signed statement goes"},
};
inline constexpr std::array<std::string_view, 2> kMeasureExamples = {
    "measure --quick", "measure --sign keys --subject 90S-00001-000001-QH --to statement.json"};

inline constexpr std::array kDatasets = {Operand{"DATASET", Need::list}};
inline constexpr std::array kAnyDatasets = {Operand{"DATASET", Need::list_or_none}};
inline constexpr std::array kDataset = {Operand{"DATASET"}};
inline constexpr std::array kFiles = {Operand{"FILE", Need::list}};
inline constexpr std::array kDataPut = {
    Option{"name", 0, text, "NAME", "jobs then read it as data://NAME"},
    Option{"pin", 0, flag, "", "never give it up for space"},
    Option{"readers", 0, text, "NAMES", "who else may read it, separated by commas"},
    Option{"regions", 0, text, "CODES",
           "where it may lie, separated by commas (default: anywhere)"},
    Option{"classification", 0, choice, "LEVEL", "how sensitive it is",
           "open|internal|confidential|secret"},
    Option{"keep-until", 0, text, "TIME", "when it is removed everywhere (2027-01-31T00:00:00Z)"},
    Option{"region", 0, text, "CODE", "whose hub keeps it (default: yours)"},
    kRehearse,
};
inline constexpr std::array<std::string_view, 3> kDataPutExamples = {
    "data put train.tar --name train", "data put secret.csv --regions 22,42 --readers bob",
    "data put big.tar --name big --region 52"};
inline constexpr Option kDataCopy{"region", 0, text, "CODE",
                                  "whose hub has it (default: any, yours first)"};
inline constexpr std::array kDataPin = {kDataCopy, kRehearse};
inline constexpr std::array kDataRm = {kDataCopy, kMeant, kRehearse};
inline constexpr std::array<std::string_view, 1> kDataGetExamples = {
    "data get data://train --to train.tar"};
inline constexpr std::string_view kDataDetails =
    "A dataset is named by NAME or data://NAME (yours), data://OWNER/NAME, data:<identity>, or the "
    "sha256:<digest> of the file. Only its owner and the readers it names can see that it exists. "
    "Job files take the same in data.in[].from.";
inline constexpr std::array kDataTo = {
    Option{"to", 0, text, "FILE", "where to write it (default: stdout)"},
    Option{"region", 0, text, "CODE", "whose hub has it (default: any)"},
};
inline constexpr std::array kDataRegion = {kDataCopy};
inline constexpr std::array kOptionalSite = {Operand{"SITE", Need::optional}};

inline constexpr std::array kDeposit = {Operand{"ACCOUNT"}, Operand{"AMOUNT"}};
inline constexpr std::array kDepositOptions = {
    Option{"key", 0, text, "TEXT", "the same key again pays in once"},
    Option{"dry-run", 0, flag, "", "say what would be done, change nothing"},
};
inline constexpr std::array kOptionalAccount = {Operand{"ACCOUNT", Need::optional}};
inline constexpr std::array kPage = {
    Option{"limit", 'n', count, "N", "at most so many, newest first (default 20)"}};
inline constexpr std::array kLedgerCheck = {
    Option{"peers", 0, flag, "",
           "ask the other regions' hubs whether their clearing accounts mirror this hub's"}};
inline constexpr std::array kDisputes = {
    Option{"resolved", 0, flag, "", "those that were resolved"},
    Option{"limit", 'n', count, "N", "at most so many, newest first (default 20)"},
};
inline constexpr std::array kResolve = {Operand{"DISPUTE"}, Operand{"DECISION"}};
inline constexpr std::array kYes = {Option{"yes", 'y', flag, "", "do it; without it only explain"}};
inline constexpr std::array kRevoke = {
    Option{"reason", 0, choice, "WHY", "what the record will say (default order)",
           "key_lost|false_claim|order"},
    Option{"yes", 'y', flag, "", "do it; without it only explain"},
};
inline constexpr std::array kStoreFolder = {Operand{"DIR"}};
inline constexpr std::array kPublic = {Operand{"WHAT", Need::optional}};
inline constexpr std::array kPublicOptions = {
    Option{"saved", 0, text, "FILE", "the head seen last (default: one a hub, with your data)"}};
inline constexpr std::array<std::string_view, 2> kPublicExamples = {
    "log public verify", "log public head --output json"};
inline constexpr std::string_view kPublicDetails =
    "`verify` fetches every leaf of the hub's public log, recomputes the tree, and compares it "
    "with "
    "the head that the hub signs now and with the one seen last: a hub that changes what it has "
    "published is caught. No token is needed.";
inline constexpr std::array kSiteFolder = {Option{"data", 0, text, "DIR", "the site's folder"}};
inline constexpr std::string_view kRotateDetails =
    "Stop the agent first; running tasks go on. The record names the key that comes next, so a "
    "stolen key cannot be used to take the site over. If it is cut off, run it again.";
inline constexpr std::array kAmend = {Option{"data", 0, text, "DIR", "the site's folder"}, kPlace,
                                      kCommissioned, kClaim, kAka};
inline constexpr std::string_view kAmendDetails =
    "Stop the agent first; running tasks go on. What is not named stays as it is. A higher claim "
    "makes the record stale until the agent has measured again; what it cannot back is refused.";
inline constexpr std::array kRetire = {
    Option{"data", 0, text, "DIR", "the site's folder"},
    Option{"yes", 'y', flag, "", "do it; without it only explain"},
};
inline constexpr std::string_view kRetireDetails =
    "Drain the site, wait until its jobs have ended, and stop the agent first. The record says "
    "retired for ever.";
inline constexpr std::string_view kSuspendDetails =
    "For the hub's operator. Its record says so, signed, to everybody; draining is the site's own "
    "and says nothing. Only an active site can be suspended.";
inline constexpr std::array kPurposeOperands = {Operand{"PURPOSE"}};
inline constexpr std::array kHubKeys = {
    Option{"data", 0, text, "DIR", "the hub's folder"},
    Option{"overlap", 0, duration, "TIME", "tokens of the old key count so long (default 366d)"},
    Option{"at-once", 0, flag, "", "tokens of the old key count no more: it was stolen"},
};
inline constexpr std::string_view kHubKeysDetails =
    "PURPOSE is token (signs the tokens of users and of sites that join) or seal (opens the "
    "secrets "
    "of jobs). Stop the hub first; sites and jobs go on. Secrets under way stay readable.";
inline constexpr std::array kBackup = {Operand{"DIR"}, Operand{"TARGET"}};
inline constexpr std::array kCopy = {Operand{"FROM"}, Operand{"TO"}};
inline constexpr std::array<std::string_view, 2> kCopyExamples = {
    "log copy /var/lib/intertie/hub postgres://intertie@db.example/hub",
    "log copy postgres://intertie@db.example/hub /var/lib/intertie/hub/store"};
inline constexpr std::string_view kCopyDetails =
    "Stop the hub first. Every record keeps its hash, erased bodies stay erased, and the index is\n"
    "built anew. The keys stay where they are: in the hub's folder.";
inline constexpr std::array kLogShow = {
    Option{"from", 0, count, "N", "the first record (default 1)"},
    Option{"limit", 'n', count, "N", "at most so many (default 50)"},
    Option{"body", 0, flag, "", "their bodies too"},
};
inline constexpr std::array kBench = {
    Option{"connections", 'c', count, "N", "at the same time (default 8)"},
    Option{"duration", 0, duration, "TIME", "how long (default 10s)"},
    Option{"bytes", 0, count, "N", "size of a job document (default 300)"},
    Option{"bulk", 0, count, "N", "jobs a request (default 1)"},
};
inline constexpr std::array kBenchRun = {
    Option{"jobs", 'n', count, "N", "how many (default 100)"},
    Option{"connections", 'c', count, "N", "at the same time (default 2)"},
    Option{"isolation", 0, choice, "LEVEL", "the weakest allowed", "process|namespace"},
};
inline constexpr std::array kBenchPlacement = {
    Option{"nodes", 0, text, "FILE", "CSV: sn,cpu_milli,memory_mib,gpu,model"},
    Option{"pods", 0, text, "FILE",
           "CSV: name,cpu_milli,memory_mib,num_gpu,gpu_milli and perhaps gpu_spec (A|B)"},
    Option{"policy", 0, choice, "NAME", "only this one (default: all)",
           "intertie|fgd|bestfit|dotprod|gpupacking|gpuclustering|firstfit|random", true},
    Option{"seeds", 0, text, "A-B", "a run each (default 42-51)"},
    Option{"learn", 0, flag, "", "learn the mix of requests while running; else it is known"},
    Option{"migrate", 0, flag, "", "a request that fits nowhere may move one running request"},
};
inline constexpr std::array<std::string_view, 2> kBenchPlacementExamples = {
    "bench placement --nodes nodes.csv --pods pods.csv",
    "bench placement --nodes nodes.csv --pods pods.csv --policy intertie --policy fgd -o json"};
inline constexpr std::string_view kBenchPlacementDetails =
    "Requests arrive in a random order until they ask for 130 % of all cards; none leaves, none is "
    "tried twice (the protocol of the FGD paper, USENIX ATC 2023). Shown are means over the seeds, "
    "in percent of all cards: what is allocated when 100 % and 130 % have arrived, the deviation "
    "between seeds, what is fragmented, and when the first request for cards found no place. The "
    "bound is that of cutting stock: no policy can allocate more before it has to turn a request "
    "away, if requests come in the proportions of the list.";
inline constexpr std::array kBenchPlacementScale = {
    Option{"cards", 0, count, "N", "size of the fleet (default 1000000)"},
    Option{"churn", 0, flag, "",
           "arrivals and departures at 91 to 94 % load; else the fleet fills"},
    Option{"types", 0, flag, "", "three in ten card requests name models or a rate"},
    Option{"gangs", 0, flag, "", "gangs of 8 to 8192 cards come and go in super-nodes"},
    Option{"nodes", 0, text, "FILE", "CSV as for bench placement: one cell (default: built in)"},
    Option{"pods", 0, text, "FILE", "CSV: the requests to draw from (default: built in)"},
    Option{"policy", 0, choice, "NAME", "how nodes are scored (default intertie)",
           "intertie|fgd|bestfit|dotprod|gpupacking|firstfit"},
    Option{"load", 0, count, "PERCENT", "fill so far (default 95)"},
    Option{"decisions", 0, count, "N", "of a run with --churn (default 2000000)"},
    Option{"seed", 0, count, "N", "of all that is drawn (default 42)"},
    Option{"portable", 0, flag, "", "without SIMD; decides alike"},
};
inline constexpr std::array<std::string_view, 2> kBenchPlacementScaleExamples = {
    "bench placement-scale --cards 1000000", "bench placement-scale --churn --types -o json"};
inline constexpr std::string_view kBenchPlacementScaleDetails =
    "Decisions only: nothing is written to a log. The fleet is as many copies of the list of nodes "
    "as "
    "it takes, each in a random order, and each copy is a cell. A departure counts as a decision. "
    "The times of decisions are by the clock, so what else runs on the machine shows in them; the "
    "rate by CPU time leaves it out.";
inline constexpr std::array kSimulate = {
    Option{"seed", 0, count, "N", "one run"},
    Option{"seeds", 0, text, "A-B", "all runs from A to B"},
    Option{"scenario", 0, text, "FILE", "sites, users and disturbances (default: built in)"},
    Option{"compare", 0, choice, "WITH",
           "the same arrivals on regions that are no peers, and on the joined grid", "islands"},
};
inline constexpr std::array<std::string_view, 3> kSimulateExamples = {
    "simulate --seed 7", "simulate --seeds 1-200 --scenario grid.yaml",
    "simulate --compare islands --scenario provinces.yaml"};
inline constexpr std::array kShell = {Operand{"SHELL"}};
inline constexpr std::array kHelp = {Operand{"VERB", Need::list_or_none}};
inline constexpr std::array kHelpOptions = {
    Option{"man", 0, flag, "", "the manual page, for man(1)"}};
inline constexpr std::array<std::string_view, 1> kCompletionExamples = {
    "completion bash > ~/.local/share/bash-completion/completions/intertie"};

inline constexpr std::string_view kRunDetails =
    "The job's output appears as it is written, and its exit code becomes this command's. A "
    "command "
    "such as ./prog that is a file here is sent along. Ctrl-C once lets the job go on and says how "
    "to come back to it; twice cancels it. The command's standard input is empty: send files with "
    "--in.";

}  // namespace intertie::cli::table
