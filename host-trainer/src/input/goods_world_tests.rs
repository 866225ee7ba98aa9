//! The default network's suppliers, routes and storage: that each decision is worth something there.

use super::super::default_network;
use super::*;
use restock_core::ledger::Ledger;
use restock_core::policy::{Actions, NodeView, Policy, Textbook};
use restock_core::{Network, Scenario};

/// The textbook rule, with one effort for all products at one node.
struct WithEffort {
    node: usize,
    effort: i32,
}

impl Policy for WithEffort {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        Textbook.decide(view, actions);
        if view.node() == self.node {
            actions.effort.fill(self.effort);
        }
    }
}

/// A year's ledger of the chain after a warm-up, on one path.
fn year(scenario: &Scenario<'_>, policy: &mut impl Policy, replica: u32) -> Ledger {
    let mut memory = vec![0; Network::words(scenario)];
    let mut network = Network::new(scenario, &mut memory).unwrap();
    network.reset(11, replica, 0);
    for day in 0..420 {
        if day == 56 {
            network.clear_kpis();
        }
        network.advance(policy);
    }
    network.kpis().total().ledger
}

/// Cost with effort less cost without, on the same paths, in percent of the latter.
fn gains(scenario: &Scenario<'_>, node: usize, effort: i32) -> Vec<f64> {
    let cost = |effort, replica| {
        let ledger = year(scenario, &mut WithEffort { node, effort }, replica);
        super::super::number::from_wide(ledger.total())
    };
    (0..4).map(|replica| 100.0 * (cost(effort, replica) / cost(0, replica) - 1.0)).collect()
}

#[test]
fn effort_pays_at_one_supplier_and_not_at_another() {
    let spec = default_network();
    let image = spec.image().unwrap();
    let scenario = Scenario::new(&image).unwrap();
    let node = |name: &str| spec.nodes.iter().position(|n| n.name == name).unwrap();
    // On every path, not only on the mean: the paths are the same but for what effort changes.
    let pays = gains(&scenario, node("supplier"), 2);
    let wastes = gains(&scenario, node("manufacturer"), 2);
    println!("effort of the supplier {pays:.2?} %, of the manufacturer {wastes:.2?} %");
    assert!(pays.iter().all(|gain| *gain < -1.0), "{pays:?}");
    assert!(wastes.iter().all(|gain| *gain > 0.5), "{wastes:?}");
}

#[test]
fn room_and_routes_are_short_at_times_and_not_always() {
    let spec = default_network();
    let image = spec.image().unwrap();
    let scenario = Scenario::new(&image).unwrap();
    let p = scenario.products();
    let mut memory = vec![0; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).unwrap();
    network.reset(11, 0, 0);
    let days = 728;
    let (mut staged, mut yards, mut disrupted) = (0, [0; 2], 0);
    let mut held = [Vec::new(), Vec::new()];
    for _ in 0..days {
        network.advance(&mut Textbook);
        let state = network.state();
        staged += usize::from(state.staged.iter().any(|units| *units > 0));
        for (days, yard) in yards.iter_mut().zip(state.yard.chunks(p)) {
            *days += usize::from(yard.iter().any(|units| *units > 0));
        }
        disrupted += usize::from(network.disrupted());
        for (n, held) in held.iter_mut().enumerate() {
            let rows = state.inventory_level[n * p..].iter().zip(&state.yard[n * p..]).zip(scenario.volumes());
            held.push(
                rows.map(|((level, yard), volume)| i64::from(level.max(&0) + yard) * i64::from(*volume)).sum::<i64>(),
            );
        }
    }
    for (held, node) in held.iter_mut().zip(&spec.nodes) {
        held.sort_unstable();
        let at = |percent: usize| held[held.len() * percent / 100];
        println!("{}: storage {:?}, held {:?}", node.name, node.storage, [5, 25, 50, 75, 90, 99].map(at));
    }
    let terms = network.kpis().total().ledger;
    println!("of {days} days: transport waits {staged}, yards hold {yards:?}, disrupted {disrupted}; {terms:?}");
    for binding in [staged, yards[0], yards[1]] {
        assert!((days / 50..days * 4 / 5).contains(&binding), "{binding}");
    }
    assert!((days / 20..days / 2).contains(&disrupted));
    assert!(terms.scrap > 0 && terms.overflow > 0 && terms.negotiation == 0);
    // No term swallows the others.
    assert!(terms.terms().iter().all(|term| *term < terms.total() * 3 / 4), "{terms:?}");
}

#[test]
fn the_slow_way_comes_first_and_the_fast_one_costs_more() {
    for lane in WAYS.chunk_by(|a, b| a.supplier == b.supplier) {
        assert!(lane.windows(2).all(|w| w[0].lead.0 > w[1].lead.0 && w[0].freight < w[1].freight));
    }
}
