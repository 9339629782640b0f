//! What shall be done, exactly? Cases, variants, interleavings, generators and their seeds.
//!
//! A [`Plan`] holds no open question: names are resolved, hooks compiled, SQL lexed and files read, so
//! that carrying it out can fail only by the world.

pub mod case;
pub mod generate;
pub mod load;
pub mod migration;
pub mod plan;
pub mod statistics;

pub use case::{
    ArgumentPlan, BudgetOrigin, BudgetPlan, Case, ClientPlan, CommonGood, ControlPlan,
    DatabasePlan, ExplorePlan, HookPlan, LaunchPlan, MarkerPlan, OrdersPlan, OutcomePlan, Plan,
    ProbePlan, Production, QueryPlan, RetryPlan, Round, SeedAction, SeedPlan, Share, StatementForm,
    StatementPlan, StepPlan, StepWork, statistics_target,
};
pub use load::{Barrier, LoadPlan, MixPart, StagePlan};
pub use migration::{
    AppVersion, CompatibleMember, CompatiblePlan, MemberKind, MigrationCommand, MigrationPart,
    MigrationPlan, MigrationScript, MigrationStatement, MigrationWork, Transactions,
};
pub use plan::{PlanOptions, RowsKept, Selection, plan};
