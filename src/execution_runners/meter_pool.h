// The launcher's meters: made when they are needed, used again, let go when they are idle.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/execution/task.h"

#include "descriptor.h"
#include "host.h"
#include "meter.h"

namespace intertie::execution_runners {

/// Making a meter with its groups and its zygote costs a few milliseconds of CPU and, on v1 hosts,
/// 10 to 20 of waiting, a task in a meter that is there costs neither. One idle meter is always
/// kept; the others go after some seconds without a task.
class MeterPool {
 public:
  struct Member {
    pid_t process = -1;
    Descriptor pidfd;
    Descriptor channel;
    std::optional<execution::TaskKey> key;  // Of its task.
    core::Duration idle_since{};            // Boot clock.
  };

  /// `host` must outlive the pool. Descriptors: see MeterPlan.
  MeterPool(const Host& host) : host_(host) {}
  void open(int tasks_folder, int notices);

  /// An idle meter for a task, or a new one; the most recently used first. The caller sets its key.
  core::Result<Member*> take();
  /// Gives its channel's number to be watched if there was no idle meter and now is.
  std::optional<int> add_spare();
  Member* find(int channel);
  void set_idle(Member& member);
  /// The meter has gone, or is to go: it leaves when it sees its channel closed.
  void remove(int channel);
  /// Channels of the idle meters that are not worth keeping.
  std::set<int> find_unneeded() const;
  std::set<pid_t> list_processes() const;
  /// Lets all go and waits until they have gone, up to five seconds.
  void close();

 private:
  core::Result<Member*> make();

  const Host& host_;
  int tasks_folder_ = -1;
  int notices_ = -1;
  std::map<int, Member> members_;  // By channel.
};

}  // namespace intertie::execution_runners
