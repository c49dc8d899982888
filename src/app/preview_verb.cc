#include "app/verbs.h"

namespace sluice {

int do_preview(const Command&) {
  return 1;
}

}  // namespace sluice
