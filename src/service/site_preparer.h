// Threads that bring a task's inputs and store its outputs.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "intertie/agent/machine.h"
#include "intertie/agent/state.h"
#include "intertie/core/result.h"
#include "intertie/hub/job_document.h"
#include "intertie/storage/store.h"

#include "site_context.h"

namespace intertie::service {

/// An action of the agent with what is needed to do it.
struct SiteWork {
  agent::Action action;
  execution::StartAttempt order;
  std::uint64_t document = 0;  // Index of the record whose body is the job document.
  bool has_failed = false;     // Of `collect`: a rank ended otherwise than well.
};

/// Whether the same call may do another time: the other side did not answer.
bool is_worth_retrying(core::Reason reason);

/// The job document of an attempt. store_damaged: it cannot be read.
core::Result<hub::JobDocument> read_document(storage::Reader& reader, std::uint64_t index);

/// Does `stage` and `collect`; each is reported to the engine and is over when the report is
/// durable. All members may be called from any thread.
class SitePreparer {
 public:
  /// `context` outlives this object. io_failed and the like when the journal cannot be read.
  static core::Result<std::unique_ptr<SitePreparer>> start(const SiteContext& context);
  /// stop().
  ~SitePreparer();
  SitePreparer(const SitePreparer&) = delete;
  SitePreparer& operator=(const SitePreparer&) = delete;

  using WorkKey = std::pair<agent::AttemptId, agent::Action::Kind>;

  /// Queues the work unless it is queued, under way, or done.
  void request(SiteWork work);

  /// What one look at the state asks for. Work that is done is remembered until a look no longer
  /// asks for it: a look may be older than the report, and must not have it done twice.
  void forget_all_but(const std::set<WorkKey>& wanted);

  /// Interrupts transfers and joins the threads. What was not finished is asked for again at the
  /// next start.
  void stop();

 private:
  class Worker;
  explicit SitePreparer(const SiteContext& context);
  void run(Worker& worker);
  bool wait_before_retry(core::Duration pause);

  const SiteContext& context_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SiteWork> queued_;
  std::map<WorkKey, bool> known_;  // Queued, under way, or (true) done.
  bool is_stopping_ = false;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace intertie::service
