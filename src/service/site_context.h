// What the threads of a site share; made before the first of them and outliving the last.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "intertie/crypto/sealed_box.h"
#include "intertie/service/site_service.h"
#include "intertie/storage/store.h"

#include "fail_points.h"
#include "former_seal_keys.h"
#include "log.h"
#include "site_content.h"
#include "site_engine.h"
#include "site_hub_client.h"
#include "site_machine.h"
#include "site_tasks.h"

namespace intertie::service {

struct SiteContext {
  const SiteOptions& options;
  const SiteMachine& machine;
  const std::vector<topology::Pool>& pools;
  topology::Isolation isolation;  // The level that tasks run at.
  const SiteHubClients& clients;
  const std::string& hub_id;
  std::string data_address;  // Where this site gives out datasets; empty: nowhere.
  storage::Store& store;
  SiteEngine& engine;
  SiteContent& content;
  SiteTasks& tasks;
  Log& log;
  const crypto::SealKeyPair& seal_key;
  FailPoints& fail_points;
  const std::vector<FormerSealKey>& former_seals;
};

}  // namespace intertie::service
