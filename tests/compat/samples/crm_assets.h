// The contract of the CRM team, as another team would include it: name and type of what their
// module produces. Compiled by the compatibility test only. No code.
// Types and a key.
#pragma once

#include <string>
#include <vector>

#include <weir/weir.h>

struct Customer {
  long id = 0;
  std::string plan;
};
inline constexpr weir::AssetKey<std::vector<Customer>> kCustomers{"crm/customers"};
