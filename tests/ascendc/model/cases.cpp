#include "cases_api.h"
#include "cases_gm.h"
#include "cases_sync.h"
#include "cases_ub.h"

int main()
{
    harness::UbOperands();
    harness::UbOrder();
    harness::Queues();
    harness::Copies();
    harness::PaddedCopies();
    harness::Cores();
    harness::Atomics();
    harness::DataCache();
    harness::Events();
    harness::Meetings();
    harness::Flags();
    harness::Limits();
    harness::Instructions();
    harness::Casts();
    harness::Reductions();
    harness::Selections();
    harness::TooMany();
    return harness::Finish();
}
