//! The chain as a picture needs it: nodes by echelon, and who supplies whom over which routes.

use crate::problem::Names;
use restock_core::Scenario;
use serde::Serialize;

/// A node.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Distance from the customer.
    pub echelon: usize,
    /// Sells to customers.
    pub sells: bool,
    /// Produces.
    pub produces: bool,
    /// Days between decisions [days].
    pub review_days: u32,
}

/// Who supplies whom.
#[derive(Clone, Debug, Serialize)]
pub struct Lane {
    /// The supplying node; none for the outside world.
    pub supplier: Option<usize>,
    /// The receiving node.
    pub customer: usize,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// One way over a lane.
#[derive(Clone, Debug, Serialize)]
pub struct Route {
    /// Its name, without its lane's.
    pub name: String,
    /// Mean lead time [days].
    pub days: f64,
    /// Volume a day, if limited.
    pub volume: Option<i32>,
}

/// The chain.
#[derive(Clone, Debug, Serialize)]
pub struct Chain {
    /// Nodes, customers first.
    pub nodes: Vec<Node>,
    /// Lanes.
    pub lanes: Vec<Lane>,
    /// Number of products.
    pub products: usize,
}

impl Chain {
    /// Of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario<'_>, names: &Names) -> Self {
        let nodes = scenario.nodes().iter().zip(&names.nodes).map(|(node, name)| Node {
            name: name.clone(),
            echelon: usize::from(node.echelon),
            sells: node.sells,
            produces: node.produces,
            review_days: node.review_days,
        });
        let lanes = scenario.lanes().iter().map(|lane| Lane {
            supplier: lane.supplier,
            customer: lane.customer,
            routes: (lane.first_route..lane.first_route + lane.routes)
                .filter_map(|k| scenario.routes().get(k).zip(names.routes.get(k)))
                .map(|(route, name)| Route {
                    name: name.rsplit_once(':').map_or(name.as_str(), |(_, route)| route).to_owned(),
                    days: f64::from(route.lead_mean_q8) / 256.0,
                    volume: route.capacity,
                })
                .collect(),
        });
        Self { nodes: nodes.collect(), lanes: lanes.collect(), products: scenario.products() }
    }
}
