#include "everywhere.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "intertie/api/grant_views.h"
#include "intertie/transfer/grant.h"

#include "channel_body.h"
#include "dataset_access.h"
#include "dataset_handlers.h"
#include "regional.h"

namespace intertie::api {
namespace {

// A dataset that a user of `call->caller_region` names, as this hub knows it.
core::Result<transfer::DatasetInfo> find_named(const Call& call, const std::string& reader,
                                               const std::string& text) {
  auto key = transfer::parse_dataset_key(text);
  if (!key) return key.error();
  if (!key->owner.empty()) {
    key->owner = transfer::translate_user(key->owner, call.caller_region, call.hub_region);
  }
  auto info = call.backend.datasets().find(reader, *key);
  if (!info || info->is_complete()) return info;
  return core::Error{core::Reason::not_found, text + ": " + std::to_string(info->chunks_here) +
                                                  " of " + std::to_string(info->chunks) +
                                                  " chunks are here"};
}

// What is asked of the others: what is here has an identity already.
LocateRequest make_request(const Call& call, const LocatedDatasets& here) {
  LocateRequest request;
  request.user = call.caller.name;
  for (const auto& [key, copies] : here) {
    if (!copies && copies.error().reason != core::Reason::not_found) continue;
    request.datasets.push_back(copies ? copies->front().id : key);
  }
  return request;
}

// The same dataset everywhere, or the name is no name.
void add_copy(core::Result<std::vector<DatasetView>>& known, const std::string& key,
              DatasetView copy) {
  if (!known) {
    if (known.error().reason == core::Reason::not_found) known = std::vector{std::move(copy)};
    return;
  }
  DatasetView& first = known->front();
  if (first.id == copy.id) {
    known->push_back(std::move(copy));
  } else if (key.starts_with("data://")) {
    known = core::Error{core::Reason::bad_field, key + ": another dataset in region " +
                                                     first.region + " than in region " +
                                                     copy.region + "; name it by its identity"};
  }
}

void add_answers(LocatedDatasets& located, const RegionAnswers& regions) {
  for (const auto& [region, response] : regions.answers) {
    auto answer = codec::from_json<LocateAnswer>(response.body, codec::Boundary::tolerant);
    if (!answer) continue;
    std::map<std::string, DatasetView> found;
    for (LocatedView& one : answer->found) {
      one.dataset.region = region;
      found.insert_or_assign(one.key, std::move(one.dataset));
    }
    for (auto& [key, copies] : located) {
      const auto copy = found.find(copies ? copies->front().id : key);
      if (copy != found.end()) add_copy(copies, key, copy->second);
    }
  }
  if (regions.silent.empty()) return;
  std::string silent;
  for (const SilentRegionView& one : regions.silent) {
    silent += (silent.empty() ? "; not asked: " : ", ") + one.region + " (" + one.why + ")";
  }
  for (auto& [key, copies] : located) {
    if (copies || copies.error().reason != core::Reason::not_found) continue;
    copies = core::Error{core::Reason::not_found, copies.error().detail + silent};
  }
}

PeerFetch make_locate_ask(const LocateRequest& request) {
  PeerFetch ask;
  ask.method = "POST";
  ask.path = "/peer/v1/locate";
  ask.body = codec::to_json(request);
  return ask;
}

void answer_first(const CallPointer& call, const std::string& key) {
  locate_datasets(call, {key}, [call, key](LocatedDatasets located) {
    const auto& copies = located.at(key);
    if (!copies) return fail(*call, copies.error());
    respond_view(*call, copies->front());
  });
}

}  // namespace

void locate_datasets(const CallPointer& call, std::vector<std::string> keys,
                     std::function<void(LocatedDatasets)> then) {
  if (keys.empty()) return then({});
  auto located = std::make_shared<LocatedDatasets>();
  look_then(call, &list_regions,
            [call, keys = std::move(keys), located, then = std::move(then)](Regions regions) {
              call->hub_region = regions.region;
              call->caller_region = regions.region;
              for (const std::string& key : keys) {
                const auto info = find_named(*call, call->caller.name, key);
                if (info) {
                  located->emplace(key, std::vector{make_dataset_view(*call, *info)});
                } else {
                  located->emplace(key, info.error());
                }
              }
              const LocateRequest request = make_request(*call, *located);
              const bool is_askable = transfer::check_dataset_name(request.user).has_value();
              if (regions.peers.empty() || request.datasets.empty() || !is_askable) {
                return then(std::move(*located));
              }
              ask_regions(
                  call, [request](const RegionPeer&) { return make_locate_ask(request); },
                  [located, then](const RegionAnswers& answers) {
                    add_answers(*located, answers);
                    then(std::move(*located));
                  });
            });
}

void locate_here(const CallPointer& call) {
  auto request = read_message<LocateRequest>(*call);
  if (!request) return;
  if (request->datasets.size() > kLocatedMax) {
    return fail(*call, {core::Reason::too_large, "datasets: at most 2000"});
  }
  if (auto checked = transfer::check_dataset_name(request->user); !checked) {
    return fail(*call, {core::Reason::bad_field, "user: a name without a slash"});
  }
  use_peer_regions(call, [call, request = std::move(*request)] {
    const std::string reader =
        transfer::to_text(transfer::RegionUser{call->caller_region, request.user});
    LocateAnswer answer;
    for (const std::string& key : request.datasets) {
      const auto info = find_named(*call, reader, key);
      if (info) answer.found.push_back({key, make_dataset_view(*call, *info)});
    }
    respond_view(*call, answer);
  });
}

void list_everywhere(const CallPointer& call) {
  const bool is_askable = transfer::check_dataset_name(call->caller.name).has_value();
  if (find_query(*call, "region") != "*" || !is_askable) return list_datasets(call);
  const auto make_ask = [user = call->caller.name](const RegionPeer&) {
    PeerFetch ask;
    ask.path = "/peer/v1/users/" + user + "/datasets";
    return ask;
  };
  ask_regions(call, make_ask, [call](RegionAnswers answers) {
    DatasetList list;
    for (const auto& info : call->backend.datasets().list(call->caller.name)) {
      list.datasets.push_back(make_dataset_view(*call, info));
    }
    list.silent = std::move(answers.silent);
    for (const auto& [region, response] : answers.answers) {
      auto there = codec::from_json<DatasetList>(response.body, codec::Boundary::tolerant);
      if (!there) {
        list.silent.push_back({region, core::to_text(there.error())});
        continue;
      }
      for (DatasetView& view : there->datasets) view.region = region;
      std::ranges::move(there->datasets, std::back_inserter(list.datasets));
    }
    std::ranges::stable_sort(list.datasets, {}, &DatasetView::name);
    respond_view(*call, list);
  });
}

void find_everywhere(const CallPointer& call) {
  if (find_query(*call, "region") != "*") return find_dataset_by_name(call);
  transfer::DatasetKey key;
  key.name = find_query(*call, "name").value_or("");
  key.owner = find_query(*call, "owner").value_or("");
  if (auto checked = transfer::check_dataset_name(key.name); !checked) {
    return fail(*call, checked.error());
  }
  if (call->backend.datasets().find(call->caller.name, key)) return find_dataset_by_name(call);
  answer_first(call, transfer::to_text(key));
}

void get_everywhere(const CallPointer& call) {
  const auto key = read_dataset_key(*call);
  if (!key) return fail(*call, key.error());
  const bool is_here = call->backend.datasets().find(call->caller.name, *key).has_value();
  if (is_here || find_query(*call, "region") != "*") return get_dataset(call);
  answer_first(call, transfer::to_text(*key));
}

}  // namespace intertie::api
