//! The proof that nothing in `restock-core` can panic on the device: this program checks an image and a
//! policy, runs days with both policies that a device has, writes and replays a
//! log of decisions, saves and takes back the chain, rolls a twin forward, takes an update through every call of the
//! slots, and reads every result. Its panic handler calls
//! a function that exists nowhere, so that it links only if the compiler has removed every call of the
//! handler. No heap is here either: there is no allocator to link against.
//!
//! ```text
//! cargo build --profile device --package restock-firmware --bin no-panic --target thumbv7em-none-eabihf
//! ```
//!
//! Signatures are not in it: `ed25519-compact` has bounds checks that the compiler can't see to be needless. A device
//! that demands keys (`slots::Keys::new`) has that code; another one has none of it.
//!
//! It proves what is compiled: this target, these optimizations (`profile.device`: without them calls
//! remain that can never happen). With the feature `can-panic` it must fail to link: a test sees to both.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device {
    #![allow(unsafe_code)] // To call the function that exists nowhere.

    use core::hint::black_box;
    use core::panic::PanicInfo;
    use cortex_m as _; // the interrupt vectors' critical section
    use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
    use restock_core::blob::{PolicyBlob, Portable};
    use restock_core::decision_log::{DecisionLog, LogView, Logged, Origin, Replay};
    use restock_core::digest::Digest;
    use restock_core::draws::Draws;
    use restock_core::guard::{Guarded, Inputs, Reason};
    use restock_core::hyperscore::{DeviceCurve, FastCurve, HyperScore};
    use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
    use restock_core::policy::{QuantizedPolicy, Textbook};
    use restock_core::slots::{Demands, MappedFlash, Slot, Slots, Trial};
    use restock_core::twin::{Twin, TwinSettings};
    use restock_core::{Network, Scenario};

    unsafe extern "C" {
        /// Named by the linker's error.
        fn restock_can_panic_on_the_device() -> !;
    }

    #[panic_handler]
    fn panic(_: &PanicInfo<'_>) -> ! {
        // SAFETY: never executed: with this call in it the program does not link.
        unsafe { restock_can_panic_on_the_device() }
    }

    /// Flash that does whatever it likes.
    struct Flash<'f>(&'f mut [u8]);

    impl ErrorType for Flash<'_> {
        type Error = NorFlashErrorKind;
    }

    impl ReadNorFlash for Flash<'_> {
        const READ_SIZE: usize = 1;

        fn read(&mut self, _: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
            black_box(bytes);
            black_box(Ok(()))
        }

        fn capacity(&self) -> usize {
            black_box(self.0.len())
        }
    }

    impl NorFlash for Flash<'_> {
        const WRITE_SIZE: usize = 4;
        const ERASE_SIZE: usize = 256;

        fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
            black_box((&mut *self.0, from, to));
            black_box(Ok(()))
        }

        fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
            black_box((&mut *self.0, offset, bytes));
            black_box(Ok(()))
        }
    }

    impl MappedFlash for Flash<'_> {
        fn mapped(&self) -> &[u8] {
            black_box(&*self.0)
        }
    }

    /// Every call of the slots.
    fn update(flash: &mut [u8], file: &[u8]) -> Option<u32> {
        let demands = Demands { scenario_hash: black_box(1), keys: None };
        let mut slots = Slots::open(Flash(flash), &demands, &mut Portable).ok()?;
        black_box(slots.stage(black_box(file.len())).is_ok());
        black_box(slots.erase_step().is_ok());
        black_box(slots.write(black_box(file)).is_ok());
        black_box(slots.verify(&demands).is_ok());
        black_box(slots.self_test(&mut Portable).is_ok());
        black_box(slots.try_out(black_box(Trial::STANDARD)).is_ok());
        black_box(slots.end_day(black_box(Some(Reason::ScoreDrift))).is_ok());
        black_box(slots.end_day(black_box(None)).is_ok());
        black_box(slots.roll_back(black_box(Reason::TwinWorse)).is_ok());
        black_box((slots.standing(black_box(Slot::A)), slots.trial_days(), slots.refused_for(), slots.floor()));
        let found = slots.running().map(|file| file.header().model_version);
        black_box(slots.into_flash().0);
        found
    }

    #[cortex_m_rt::entry]
    fn start() -> ! {
        // Opaque: nothing may be concluded from what the images hold or how long they are.
        static mut NETWORK: [i32; 1024] = [0; 1024];
        static mut FEATURES: [i8; 1024] = [0; 1024];
        static mut SNAPSHOT: [u8; 1024] = [0; 1024];
        static mut LOG: [u8; 1024] = [0; 1024];
        static mut TWIN: [i32; 1024] = [0; 1024];
        static mut FLASH: [u8; 4096] = [0; 4096];
        static IMAGE: [i32; 64] = [0; 64];
        static POLICY: [u8; 64] = [0; 64];
        let found = run(
            black_box(IMAGE.as_slice()),
            black_box(POLICY.as_slice()),
            black_box(NETWORK.as_mut_slice()),
            black_box(FEATURES.as_mut_slice()),
            black_box(SNAPSHOT.as_mut_slice()),
            black_box(LOG.as_mut_slice()),
            black_box(TWIN.as_mut_slice()),
        );
        black_box(found);
        black_box(update(black_box(FLASH.as_mut_slice()), black_box(POLICY.as_slice())));
        #[cfg(feature = "can-panic")]
        black_box(black_box(IMAGE.as_slice())[black_box(7)]);
        loop {
            cortex_m::asm::wfi();
        }
    }

    /// All that a device asks of the core.
    fn run(
        image: &[i32],
        policy: &[u8],
        memory: &mut [i32],
        features: &mut [i8],
        snapshot: &mut [u8],
        log: &mut [u8],
        twin: &mut [i32],
    ) -> Option<u64> {
        let scenario = Scenario::new(image).ok()?;
        let blob = PolicyBlob::decode(policy).ok()?;
        blob.self_test().ok()?;
        let learned = QuantizedPolicy::new(&blob, &scenario, features).ok()?.traced();
        let mut learned = Guarded::new(learned, HyperScoreMonitor::new(&scenario, black_box(MonitorSettings::WEEKLY)));
        let mut network = Network::new(&scenario, memory).ok()?;
        let mut digest = Digest::new();
        let origin =
            black_box(Origin { scenario_hash: scenario.hash(), policy_hash: 1, seed: 1, replica: 0, first_day: 0 });
        black_box(DecisionLog::new(log, &origin).is_ok());
        for day in 0..black_box(7) {
            network.reset(black_box(1), black_box(0), black_box(0));
            black_box(learned.report(&black_box(Inputs::fresh(day))));
            if day % 2 == 0 {
                let mut log = DecisionLog::resume(log).ok()?;
                network.advance(&mut Logged { guard: &mut learned, log: &mut log });
                black_box(log.dropped());
            } else if black_box(day) == 3 {
                let log = LogView::read(black_box(log)).ok()?;
                let mut replay = Replay::new(&mut learned, log.records());
                network.advance(&mut replay);
                black_box((replay.first_difference(), log.damage()));
                black_box(log.records().next().map(|record| record.code(black_box(3)).text()));
            } else {
                network.advance(&mut Textbook);
            }
            black_box(learned.watch(network.today(), network.disrupted()));
            black_box(learned.monitor().window());
            network.trace(&mut digest);
            black_box(network.snapshot(black_box(&mut *snapshot)).is_ok());
            black_box(network.restore(black_box(&*snapshot)).is_ok());
        }
        let settings = black_box(TwinSettings::standard(Draws::new(2, 0)));
        let mut other = Network::new(&scenario, twin).ok()?;
        let mut twin = Twin::new(&mut other, settings);
        black_box((twin.days(), network.kpis().days()));
        if let Ok(Some(verdict)) = twin.step(&network, learned.policy_mut(), black_box(7)) {
            black_box((learned.judge(&verdict), verdict.worse_ppm()));
        }
        twin.restart();
        let trace = learned.policy().trace()?;
        black_box(learned.with_policy(Textbook).fallback_days());
        let kpis = network.kpis();
        let parameters = scenario.score_parameters();
        let score = HyperScore::of(kpis, &parameters);
        let of_node = HyperScore::of_node(kpis, &scenario, black_box(1));
        black_box((score.score, of_node.score, kpis.total(), network.today()));
        black_box(DeviceCurve::from_ppm(&parameters).score(black_box(score.v)));
        black_box(FastCurve::from_ppm(&parameters).score(black_box(0.7)));
        digest.wide(i64::from(trace.to_le_bytes()[0]));
        Some(digest.value())
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("no-panic is a proof by linking: build it for thumbv7em-none-eabihf with --profile device");
    std::process::exit(2);
}
