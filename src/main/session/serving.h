// What `dev`, `hub` and `site` have in common: folders, locks, options.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/service/hub_service.h"
#include "intertie/service/site_service.h"

#include "command_line/parse.h"
#include "output/complaint.h"
#include "session/clock.h"
#include "session/progress.h"
#include "session/terminal.h"

namespace intertie::cli {

/// A folder that one process serves. Created with mode 0700 (parents too).
class ServedFolder {
 public:
  /// already_exists if another process serves it, with that process's id; io_failed.
  static core::Result<ServedFolder> open(const std::string& path);
  ~ServedFolder();
  ServedFolder(ServedFolder&& other) noexcept;
  ServedFolder& operator=(ServedFolder&&) = delete;

  const std::string& path() const { return path_; }

 private:
  ServedFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;
};

/// What a hub's or site's options say is looked at before any folder is made: bad_argument names
/// the option. Pure.
core::Result<void> check_service_options(const Invocation& invocation);

/// The same error; where a port is in use, with the way out that its option offers.
Complaint complain_about_start(const core::Error& error);

/// Tokens in the context files that a hub keeps in its folder are valid so long, unless its
/// operator says otherwise. They are written anew when half of the time has passed.
inline constexpr core::Duration context_lifetime_default = core::hours(24 * 7);

/// The context files of one hub.
struct ContextWriter {
  service::HubService& hub;
  std::string folder;
  std::string currency;
  core::Duration lifetime = context_lifetime_default;

  /// Write all again after so long.
  core::Duration get_renewal() const { return {lifetime.count / 2}; }
  /// Writes FOLDER/`file` for `principal` and returns its path. not_found: no such principal;
  /// io_failed.
  core::Result<std::string> write(const std::string& file, const std::string& principal,
                                  std::vector<std::string> scopes) const;
  /// The same with what a user may do.
  core::Result<std::string> write_for_user(const std::string& file,
                                           const std::string& principal) const;
  /// All context files of users that the folder has, whenever they were written: with today's
  /// address and a fresh token, so that none names a port where nobody listens any more, or ends.
  core::Result<void> renew_users() const;
};

/// Says on standard error that the disk under `folder` refuses, with a way out, and that it takes
/// again. `terminal` outlives what is returned, which any thread may call.
std::function<void(const core::Error*)> make_store_teller(const Terminal& terminal,
                                                          const std::string& folder);

/// Progress of a site's start, by the time that measuring takes.
std::function<WorkSeen()> look_at_measuring(service::MeasureMode mode);

/// The launcher's command, and what else every site of this program has in common.
service::SiteOptions make_site_options(const std::string& folder);

}  // namespace intertie::cli
