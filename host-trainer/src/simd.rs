//! A day on the vector unit that this processor has.
//!
//! `restock-core` is built for the least processor of its target and knows nothing of others. Its hot
//! functions are inlined wherever they are called, so that here, in a function for which the compiler
//! may use AVX2, they are compiled again and wider: a third less time for a plain chain, half the time
//! for observations and for int8 decisions. All of the core is integers, and a policy's floats are
//! rounded alike because fused multiply-add is not allowed: the results are the same.
//!
//! int8 networks have kernels of their own, written with the processor's instructions: [`HostKernel`].

use restock_core::{Network, Policy};

#[cfg(target_arch = "x86_64")]
mod avx2;
mod batch;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub use batch::{HostKernel, Level};

/// [`Network::advance`], with AVX2 where there is such a thing.
#[inline]
pub fn advance<P: Policy>(network: &mut Network<'_, '_>, policy: &mut P) {
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has every feature that the function is compiled for; it asks for
        // nothing else, being safe code.
        #[allow(unsafe_code)]
        unsafe {
            advance_avx2(network, policy);
        }
        return;
    }
    network.advance(policy);
}

/// Whether [`advance_avx2`] can run here. The standard library asks the processor once and remembers.
#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn advance_avx2<P: Policy>(network: &mut Network<'_, '_>, policy: &mut P) {
    network.advance(policy);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;
    use restock_core::digest::Digest;
    use restock_core::observation::{self, FEATURES};
    use restock_core::policy::{Actions, NodeView, Textbook};

    /// The textbook rule, with a digest of all that it observes.
    struct Watched(Vec<i8>, Digest);

    impl Policy for Watched {
        #[inline(always)]
        fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
            self.0.resize(FEATURES * view.products(), 0);
            observation::write(view, &mut self.0);
            self.0.iter().for_each(|&step| self.1.words(&[i32::from(step)]));
            Textbook.decide(view, actions);
        }
    }

    #[test]
    fn the_wide_path_gives_the_same_results() {
        let problem = Problem::embedded().unwrap();
        let scenario = problem.scenario().unwrap();
        let run = |day: &dyn Fn(&mut Network<'_, '_>, &mut Watched)| {
            let mut memory = vec![0; Network::words(&scenario)];
            let mut network = Network::new(&scenario, &mut memory).unwrap();
            let mut trace = Digest::new();
            let mut policy = Watched(Vec::new(), Digest::new());
            for _ in 0..60 {
                day(&mut network, &mut policy);
                network.trace(&mut trace);
            }
            (trace.value(), policy.1.value())
        };
        assert_eq!(run(&|network, policy| network.advance(policy)), run(&|network, policy| advance(network, policy)));
    }
}
