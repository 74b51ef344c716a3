// A hub as a running service: store, engine, listeners, keys, content, snapshots.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/hub/events.h"
#include "intertie/storage/fail_point.h"

namespace intertie::service {

/// A principal that exists from this start on, with money in its account if it is new.
struct FirstPrincipal {
  std::string name;
  hub::Role role = hub::Role::user;
  core::Money deposit;
  core::Money credit_limit;
};

struct HubOptions {
  std::string folder;  // Created with mode 0700 if missing; its parent must exist.

  /// Where the log is kept: empty: in the folder (SQLite); or "postgres://USER@HOST:PORT/DATABASE",
  /// a database of this hub alone, which several processes may share: one leads
  /// (docs/postgres.md). The keys stay in the folder, and are the same in each process's.
  std::string store;
  /// Another process took the lead: this one can write nothing any more and should be stopped. On
  /// a thread of the service, which must not wait.
  std::function<void()> on_deposed;

  /// "ADDRESS:PORT"; port 0 chooses a free one; "[::1]:0" for IPv6.
  std::string user_listen = "127.0.0.1:0";
  std::string site_listen = "127.0.0.1:0";
  bool user_tls = true;  // False only on loopback addresses (bad_argument).
  /// What sites are told to dial, "HOST:PORT"; empty: the site listener's own address.
  std::string site_address;
  /// "ADDRESS:PORT" where other regions' sites pull datasets (docs/formats/data-grant.md); empty:
  /// they come through their hub.
  std::string data_listen;
  /// What those sites are told to dial; empty: the data listener's own address.
  std::string data_address;
  /// Further names and addresses in the user listener's certificate (made at the first start).
  std::vector<std::string> host_names;

  // Used at the first start only; later the log knows.
  std::string region = "90";  // A registry code: two characters.
  std::string name = "hub";
  std::string currency = "CNY";
  std::int64_t fee_per_mille = 10;

  /// Beside `operator`, which always exists. Who is there already stays as he is.
  std::vector<FirstPrincipal> principals;

  std::string log_path;  // JSON lines are appended here; empty: standard error; "-": nowhere.
  /// Called when the log's disk begins to refuse (why), and with null when it takes again; on a
  /// thread of the service, which must not wait. The log file has a line too, if it can be written.
  std::function<void(const core::Error* failure)> on_store_change;
  core::Bytes content_bytes_max{64LL << 30};
  std::uint64_t snapshot_records = 100'000;
  core::Duration snapshot_interval = core::minutes(10);
  int user_threads = 2;

  /// "NAME:COUNT": the process kills itself at that passing of a fail point (fail_points.h), for
  /// tests of crashes. Empty: never.
  std::string fail_point;
  /// Tests: makes the store refuse.
  storage::FailHook store_fault;
};

/// Threads: any. One hub a folder.
class HubService {
 public:
  /// Opens or creates the hub and serves. Refuses with what the store, the keys and the listeners
  /// refuse; bad_argument names an option. SIGPIPE must be ignored by the process.
  static core::Result<std::unique_ptr<HubService>> start(HubOptions options);
  /// stop().
  ~HubService();
  HubService(const HubService&) = delete;
  HubService& operator=(const HubService&) = delete;

  /// "https://127.0.0.1:PORT" (or http).
  std::string user_address() const;
  /// "HOST:PORT".
  std::string site_address() const;
  /// "HOST:PORT"; empty: no data listener.
  std::string data_address() const;
  /// SHA-256 of the certificates, 64 hexadecimal digits; the user's is empty without TLS.
  std::string user_fingerprint() const;
  std::string site_fingerprint() const;
  /// The registry's identifier, canonical text.
  std::string hub_id() const;

  /// A bearer token. not_found: no such principal.
  core::Result<std::string> mint_user_token(const std::string& principal,
                                            std::vector<std::string> scopes,
                                            core::Duration lifetime);
  /// A token with which one site may join under this principal, valid for a day.
  core::Result<std::string> make_join_token(const std::string& operator_name);

  /// Stops listening, finishes what was accepted, writes a snapshot, closes. False: something went
  /// wrong (logged): not everything could be made durable, or the two folds of the log differ.
  /// Idempotent; blocks.
  bool stop();

 private:
  class Parts;
  explicit HubService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace intertie::service
