// intertie data: content by digest.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "output/for_people.h"
#include "session/job_files.h"
#include "session/progress.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
Outcome run_data_put(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return make_complaint(session.error(), kContextFix);
  Listing listing;
  listing.columns = {{"digest", "DIGEST"}, {"bytes", "SIZE", Align::right}, {"file", "FILE"}};
  boost::json::array objects;
  for (const std::string& path : invocation.operands) {
    const core::Result<crypto::Digest> digest = upload_file(path, *session, terminal);
    if (!digest) return make_complaint(digest.error());
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    listing.rows.push_back(
        {Cell(crypto::to_text(*digest)),
         Cell(short_bytes({static_cast<std::int64_t>(bytes)}), std::to_string(bytes)), Cell(path)});
    objects.push_back(boost::json::object{
        {"digest", crypto::to_text(*digest)}, {"bytes", bytes}, {"file", path}});
  }
  return terminal.show(listing, objects, "");
}

Outcome run_data_ls(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return make_complaint(session.error(), kContextFix);
  Listing listing;
  listing.columns = {{"digest", "DIGEST"}, {"bytes", "SIZE", Align::right}};
  boost::json::array objects;
  bool has_all = true;
  for (const std::string& text : invocation.operands) {
    const core::Result<crypto::Digest> digest = crypto::parse_digest(text);
    if (!digest) return make_complaint(digest.error());
    const core::Result<std::optional<std::uint64_t>> size =
        session->client().find_content(crypto::to_text(*digest));
    if (!size) return session->complain(size.error());
    boost::json::object object = {{"digest", text}, {"is_here", size->has_value()}};
    if (*size) {
      object["bytes"] = **size;
      listing.rows.push_back({Cell(text), Cell(short_bytes({static_cast<std::int64_t>(**size)}),
                                               std::to_string(**size))});
    } else {
      has_all = false;
      listing.rows.push_back({Cell(text), Cell("not here", "")});
    }
    objects.push_back(object);
  }
  terminal.show(listing, objects, "");
  return has_all ? kDone : kFailed;
}

Outcome run_data_get(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<crypto::Digest> digest = crypto::parse_digest(invocation.operands[0]);
  if (!digest) return make_complaint(digest.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return make_complaint(session.error(), kContextFix);
  const core::Result<std::optional<std::uint64_t>> size =
      session->client().find_content(crypto::to_text(*digest));
  if (!size) return session->complain(size.error());
  if (!*size) return make_complaint({core::Reason::not_found, invocation.operands[0]});
  const std::string target = invocation.get("to", "");
  std::ofstream file;
  if (!target.empty()) file.open(target + ".part", std::ios::binary | std::ios::trunc);
  crypto::Sha256 hash;
  Progress progress(terminal, "fetching");
  std::uint64_t at = 0;
  const core::Result<void> done =
      session->client().read_content(crypto::to_text(*digest), [&](std::string_view bytes) {
        hash.update(bytes);
        at += bytes.size();
        progress.update_bytes(at, **size);
        if (target.empty()) return terminal.write_result(bytes);
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return file.good();
      });
  if (!done) return session->complain(done.error());
  if (hash.finish() != *digest) return make_complaint({core::Reason::bad_digest, "as received"});
  if (target.empty()) return kDone;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(target + ".part", target, error);
  if (!file || error) return make_complaint({core::Reason::io_failed, target});
  terminal.say("wrote " + target);
  return kDone;
}

}  // namespace intertie::cli
