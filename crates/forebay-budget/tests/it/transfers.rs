//! The plan of a transfer fits, and says what to change when it does not.

use forebay_budget::{
    ByteSize, Class, MemoryFacts, NofileLimits, PlanError, TransferAsk, TransferPlan, Work,
};
use proptest::prelude::*;

fn nofile(soft: u64) -> NofileLimits {
    NofileLimits { soft_before: soft, soft, hard: soft }
}

fn ask(mib: u64, concurrency: Option<u32>, work: Work) -> TransferAsk {
    TransferAsk { memory: Some(ByteSize::mib(mib)), concurrency, tls: true, work }
}

fn plan(ask: &TransferAsk) -> Result<TransferPlan, PlanError> {
    let machine = MemoryFacts { cgroup: None, machine: Some(ByteSize::gib(64)) };
    TransferPlan::compute(ask, &machine, nofile(1 << 16))
}

#[test]
fn sixty_four_connections_fit_into_thirty_two_mebibytes() {
    let plan = plan(&ask(32, Some(64), Work::Placed)).unwrap();
    assert_eq!((plan.connections, plan.capacity(Class::Windows)), (64, ByteSize::ZERO));
    assert!(plan.upstream.receive >= ByteSize::kib(64), "{}", plan.upstream.receive);
    assert!(plan.total <= ByteSize::mib(32));
}

#[test]
fn order_is_paid_for_with_half_of_what_is_not_the_program() {
    let plan = plan(&ask(64, None, Work::Ordered)).unwrap();
    assert_eq!(plan.capacity(Class::Windows), ByteSize::mib(26));
    assert!(plan.capacity(Class::Upstreams) <= ByteSize::mib(26));
    assert_eq!(plan.ledger().usage(Class::Windows).capacity, ByteSize::mib(26).as_u64());
}

#[test]
fn what_does_not_fit_is_refused_with_a_value_that_does() {
    let refused = plan(&ask(16, Some(200), Work::Placed)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "16 MiB of memory is too little for a transfer over 200 connections: set --memory to at least 47MiB"
    );
    assert!(plan(&ask(47, Some(200), Work::Placed)).is_ok());
    let machine = MemoryFacts::default();
    let refused =
        TransferPlan::compute(&ask(256, Some(300), Work::Placed), &machine, nofile(1024)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "300 connections need 1264 file descriptors and the limit is 1024: set --concurrency to at most 240, \
         or raise the limit (ulimit -n) to 1264"
    );
}

proptest! {
    #[test]
    fn a_plan_never_exceeds_the_memory_and_a_refusal_names_enough(
        mib in 0_u64..4096, concurrency in prop::option::of(0_u32..2000), tls: bool, ordered: bool,
    ) {
        let work = if ordered { Work::Ordered } else { Work::Placed };
        let ask = TransferAsk { memory: Some(ByteSize::mib(mib)), concurrency, tls, work };
        match plan(&ask) {
            Ok(plan) => {
                prop_assert!(plan.total <= plan.limit);
                prop_assert_eq!(plan.lines.iter().map(|line| line.total).sum::<ByteSize>(), plan.total);
                prop_assert!(plan.connections >= 1 && plan.fds <= 1 << 16);
                prop_assert!(ordered == (plan.capacity(Class::Windows) >= ByteSize::mib(10)));
            }
            Err(PlanError::Transfer { needed, .. }) => {
                prop_assert!(needed > ByteSize::mib(mib));
                let enough = TransferAsk { memory: Some(needed), ..ask };
                prop_assert!(plan(&enough).is_ok());
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
