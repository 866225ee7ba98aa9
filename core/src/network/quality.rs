//! What suppliers are like: grades move (step 0), receipts are inspected and scored (step 1).

use super::Network;
use super::chance::draw_places;
use crate::convert::{bits, from_bits, low, product, wide, wide_index};
use crate::draws::Source;
use crate::layout::{Column, GRADES};
use crate::rows::{add_at, at, nothing, place_index, places_of, row, row_mut, set_at};
use crate::scenario::{EventKind, GRADE_MAX_Q16, Quality};
use crate::state::late_words;

/// A score moves `2^-shift` of the way to what a receipt says.
pub const SCORE_SHIFT: u32 = 4;
/// All, Q15.
pub const ALL_Q15: i32 = 1 << 15;

/// The two shares of a score, Q15: on-time share of receipts, accepted share of units.
#[inline(always)]
#[must_use]
pub const fn shares(score: i32) -> (i32, i32) {
    // As bits: all of a share, 2^15, takes the sign's place in the high half.
    (from_bits(bits(score) >> 16), score & 0xffff)
}

/// The score of two shares, Q15.
#[inline(always)]
#[must_use]
pub(super) const fn score(on_time_q15: i32, accepted_q15: i32) -> i32 {
    from_bits((bits(on_time_q15) << 16) | bits(accepted_q15))
}

/// A share, moved `2^-SCORE_SHIFT` of the way to what it was this time; it comes to stand at it.
#[inline(always)]
const fn moved(share: i32, this: i32) -> i32 {
    let way = this - share;
    share + ((way + if way > 0 { (1 << SCORE_SHIFT) - 1 } else { 0 }) >> SCORE_SHIFT)
}

/// The grade that a product's goods are of: the nearest to where its supplier stands.
#[inline(always)]
pub(super) fn grade(grade_q16: i32) -> usize {
    // Grades are never negative.
    wide_index(bits(grade_q16 + (1 << 15)) >> 16) % GRADES
}

impl Network<'_, '_> {
    /// Effort is paid for, and every supplier moves towards the grade it tends to.
    #[inline(always)]
    pub(super) fn negotiate(&mut self) {
        let s = self.scenario;
        let p = s.products();
        for (l, lane) in s.lanes().iter().enumerate() {
            let Some(quality) = &lane.quality else { continue };
            let worse = self.conditions.value(EventKind::Grade, l) << 4;
            let efforts = row(self.state.effort, lane.customer, p);
            let grades = row_mut(self.state.grade, quality.row, p);
            let [_, first, second, third] = quality.lift_q16;
            for (grade, &effort) in grades.iter_mut().zip(efforts) {
                let lift = if effort >= 3 {
                    third
                } else if effort == 2 {
                    second
                } else {
                    first
                };
                let tends = quality.base_q16 + worse - if effort > 0 { lift } else { 0 };
                let tends = if tends > 0 { tends } else { 0 };
                let tends = if tends < GRADE_MAX_Q16 { tends } else { GRADE_MAX_Q16 };
                *grade += (tends - *grade) >> quality.relax_shift;
            }
            let rates = s.column(Column::NegotiationCost, lane.customer);
            let cost = efforts.iter().zip(rates).map(|(&effort, &rate)| product(effort, rate)).sum::<i64>();
            if let Some(tally) = self.today.get_mut(lane.customer) {
                tally.ledger.negotiation += cost;
            }
            if let Some(costs) = self.costs.as_deref_mut() {
                for ((cost, &effort), &rate) in row_mut(costs, lane.customer, p).iter_mut().zip(efforts).zip(rates) {
                    *cost += wide(effort) * wide(rate);
                }
            }
        }
    }

    /// Inspects what arrives today over lane `l`: what is good stays in `scratch.wants`, the rest is scrapped, and
    /// the buyer's score of its supplier follows.
    #[inline(always)]
    pub(super) fn inspect(&mut self, l: usize, quality: &Quality, customer: usize) {
        let s = self.scenario;
        let p = s.products();
        if nothing(self.scratch.wants) {
            return;
        }
        let grades = row(self.state.grade, quality.row, p);
        let rates = s.column(Column::ScrapCost, customer);
        let mut costs = self.costs.as_deref_mut().map(|costs| row_mut(costs, customer, p));
        let (mut scrapped, mut cost) = (0i64, 0i64);
        // What chance says of each receipt, in rows of the nodes' turns, which come later.
        let places = places_of(self.scratch.wants, self.scratch.rushed);
        let (share, dither) = (&mut *self.scratch.level, &mut *self.scratch.cap);
        let draws = self.draws.row(self.day, crate::convert::count(l), Source::Defect);
        draw_places(s, &draws, places, share, Some(dither));
        let tables = quality.defect_tables.map(|table| table.map(|table| s.table(usize::from(table))));
        // Of what each receipt is accepted, Q15; nothing came: -1.
        let accepted = &mut *self.scratch.position;
        for (accepted, &units) in accepted.iter_mut().zip(self.scratch.wants.iter()) {
            *accepted = if units > 0 { ALL_Q15 } else { -1 };
        }
        for &place in places {
            let i = place_index(place);
            let Some(Some(table)) = tables.get(grade(at(grades, i))) else { continue };
            // No branch on whether there is a defect: chance can't be predicted.
            let units = at(self.scratch.wants, i);
            let bad = share_of(units, table.value(bits(at(share, i))), bits(at(dither, i)));
            let good = units - bad;
            set_at(accepted, i, part_q15(good, units));
            set_at(self.scratch.wants, i, good);
            let lost = product(bad, at(rates, i));
            scrapped += product(bad, 1);
            cost += lost;
            if let Some(costs) = costs.as_deref_mut().and_then(|costs| costs.get_mut(i)) {
                *costs += lost;
            }
        }
        let slot = s.ring_slot(wide_index(self.day));
        let bit = 1u32 << (slot % 32);
        let late = row_mut(self.state.late, quality.row * late_words(s) + slot / 32, p);
        let scores = row_mut(self.state.score, quality.row, p);
        for ((score, late), &accepted) in scores.iter_mut().zip(late).zip(accepted.iter()) {
            let on_time = if bits(*late) & bit == 0 { ALL_Q15 } else { 0 };
            *late = from_bits(bits(*late) & !bit);
            let (was_on_time, was_accepted) = shares(*score);
            let now = self::score(moved(was_on_time, on_time), moved(was_accepted, accepted));
            *score = if accepted < 0 { *score } else { now };
        }
        if let Some(tally) = self.today.get_mut(customer) {
            tally.scrapped += scrapped;
            tally.ledger.scrap += cost;
        }
    }

    /// Takes what production has spoilt out of what it finishes today at node `n`, in `scratch.wants`.
    pub(super) fn spoil(&mut self, n: usize) {
        let s = self.scenario;
        let p = s.products();
        let draws = self.draws.row(self.day, crate::convert::count(n), Source::Yield);
        let yields = s.column(Column::Yield, n);
        let rates = s.column(Column::ScrapCost, n);
        let mut costs = self.costs.as_deref_mut().map(|costs| row_mut(costs, n, p));
        let Some(tally) = self.today.get_mut(n) else { return };
        for &place in places_of(self.scratch.wants, self.scratch.rushed) {
            let i = place_index(place);
            let good = at(yields, i);
            if good >= 1 << 16 {
                continue;
            }
            let (_, dither) = draws.two(s.product_key(i));
            let bad = share_of(at(self.scratch.wants, i), (1 << 16) - good, dither);
            let cost = wide(bad) * wide(at(rates, i));
            add_at(self.scratch.wants, i, -bad);
            tally.scrapped += wide(bad);
            tally.ledger.scrap += cost;
            if let Some(total) = costs.as_deref_mut().and_then(|costs| costs.get_mut(i)) {
                *total += cost;
            }
        }
    }
}

/// What part of `units`, which is not 0, `good` of them are, Q15.
#[inline(always)]
fn part_q15(good: i32, units: i32) -> i32 {
    // A long division takes a device some hundred instructions, a short one a few.
    if units < 1 << 17 {
        from_bits((bits(good) << 15).checked_div(bits(units)).unwrap_or(0))
    } else {
        low((wide(good) << 15).checked_div(wide(units)).unwrap_or(0))
    }
}

/// A share, Q16, of some units; the fraction is decided by chance, so that the mean is kept.
#[inline(always)]
fn share_of(units: i32, share_q16: i32, dither: u32) -> i32 {
    let share = low((wide(units) * wide(share_q16) + i64::from(dither >> 16)) >> 16);
    if share < units { share } else { units }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_comes_to_stand_at_what_it_always_is() {
        for this in [0, 1, 9_999, ALL_Q15 - 1, ALL_Q15] {
            for from in [0, ALL_Q15 / 3, ALL_Q15] {
                let mut share = from;
                for _ in 0..400 {
                    share = moved(share, this);
                }
                assert_eq!(share, this, "from {from}");
            }
        }
    }

    #[test]
    fn a_part_is_rounded_down_whatever_its_size() {
        for units in [1, 3, 7, 1000, (1 << 17) - 1, 1 << 17, (1 << 17) + 1, 1 << 30] {
            for good in [0, units / 3, units - 1, units] {
                assert_eq!(
                    i64::from(part_q15(good, units)),
                    (i64::from(good) << 15) / i64::from(units),
                    "{good} {units}"
                );
            }
        }
    }

    #[test]
    fn a_step_is_followed_within_forty_receipts() {
        // 1 - (15/16)^36 = 0.90: nine tenths of the way.
        let mut share = ALL_Q15;
        for _ in 0..36 {
            share = moved(share, 0);
        }
        assert!(share < ALL_Q15 / 10 + 60, "{share}");
    }

    #[test]
    fn a_score_keeps_both_shares() {
        for (on_time, accepted) in [(0, 0), (ALL_Q15, ALL_Q15), (1, ALL_Q15), (12_345, 7)] {
            assert_eq!(shares(score(on_time, accepted)), (on_time, accepted));
        }
    }
}
