use restock_core::policy::*; use restock_core::action::*; use restock_core::*;
use restock_trainer::{evaluate, problem::Problem, train};
struct Fixed([usize;3]);
impl Policy for Fixed { fn decide(&mut self, v:&NodeView<'_>, a:&mut Actions<'_>){ for i in 0..v.products(){ let mut c=Choice::TEXTBOOK; c.level=self.0[v.node()] as u8; a.set(i,&v.outlook(i),c);} } }
fn main(){
  let args:Vec<String>=std::env::args().collect();
  let p= if args.len()>1 {Problem::from_folder(std::path::Path::new(&args[1])).unwrap()} else {Problem::embedded().unwrap()}; let s=p.scenario().unwrap();
  let proto=train::year(&s,77,4);
  let run=|c:[usize;3]|{ let mut tot=0.0; let mut t=restock_core::kpi::Tally::default(); let mut hold=[0.0;3];
    for r in 0..proto.replicas { let mut mem=vec![0;Network::words(&s)]; let mut n=Network::new(&s,&mut mem).unwrap(); n.reset(proto.seed,r,0); let mut pol=Fixed(c);
      for d in 0..proto.warmup_days+proto.days { if d==proto.warmup_days {n.clear_kpis();} n.advance(&mut pol);} 
      tot+=n.kpis().total_cost() as f64/s.money_scale() as f64/4.0; t.add(&n.kpis().total()); for k in 0..3 {hold[k]+=n.kpis().node(k).ledger.holding as f64/s.money_scale() as f64/4.0;} }
    (tot, t.fill_rate_ppm(), t.ledger.backorder as f64/s.money_scale() as f64/4.0, hold) };
  let per=evaluate::run(&s,&evaluate::Contender::PeriodicReview(7),&proto,2); let su=evaluate::summarize(&s,"p",&per,None);
  println!("periodic {:.0} fill {:.4} hold {:?}", su.total_cost, su.delivery_rate, su.cost_terms);
  for k in 0..3 { println!("hold periodic node {k}: {:.0}", per.iter().map(|o|o.kpis.node(k).ledger.holding as f64).sum::<f64>()/s.money_scale() as f64/4.0); }
  let mut best=[7,7,7]; let mut bc=run(best); println!("textbook {bc:?}");
  loop { let mut improved=false; for k in 0..3 { for d in [-2i32,-1,1,2] { let mut c=best; c[k]=(c[k] as i32+d).clamp(0,16) as usize; let x=run(c); if x.0<bc.0-1.0 {bc=x;best=c;improved=true; println!("{best:?} {bc:?}");} } } if !improved {break;} }
}
