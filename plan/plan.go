package plan

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan/window"
)

// FormatVersion is the version of the plan document. A reader refuses a higher
// one; members may be added without raising it.
const FormatVersion = 1

// Plan is the plan document: what will change, in what steps, and what was
// seen that will not be touched.
type Plan struct {
	FormatVersion int       `json:"format_version"`
	ID            string    `json:"id"`
	Created       time.Time `json:"created"`
	Inventory     Inventory `json:"inventory"`
	// RollbackOf is the run that the plan takes back; empty in other plans.
	RollbackOf string `json:"rollback_of,omitempty"`
	// ResumeOf is the run of which the plan is the rest; empty in other plans.
	ResumeOf string `json:"resume_of,omitempty"`
	// RestoreOf is the file of the backup that the plan brings back, without its
	// folder; empty in other plans.
	RestoreOf string `json:"restore_of,omitempty"`
	// Window makes it the plan of an issuance window; nil in other plans.
	Window    *Window     `json:"window,omitempty"`
	Zones     []Zone      `json:"zones"`
	Policy    Policy      `json:"policy"`
	Changes   []Change    `json:"changes"`
	Unmanaged []Unmanaged `json:"unmanaged"`
	Conflicts []Conflict  `json:"conflicts"`
	Refusals  []Refusal   `json:"refusals"`
	// Lifted are the guards that would refuse the plan, had flags not allowed it.
	Lifted   []Refusal `json:"lifted,omitempty"`
	Warnings []Warning `json:"warnings"`
	Steps    []Step    `json:"steps"`
	// Milestones are the moments that certificates depend on, in the order of the
	// steps; none without a name that is validated by HTTP-01.
	Milestones []Milestone `json:"milestones,omitempty"`
	Summary    Summary     `json:"summary"`
}

// Inventory says which inventory a plan was made from.
type Inventory struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// ZoneRef names a zone in a view. It is comparable.
type ZoneRef struct {
	Zone zone.Name `json:"zone"`
	View string    `json:"view"`
}

// String returns "example.org." or, in a view, "example.org./external".
func (z ZoneRef) String() string {
	if z.View == "" {
		return string(z.Zone)
	}
	return string(z.Zone) + "/" + z.View
}

// Zone is a zone that the plan was made over.
type Zone struct {
	ZoneRef
	Provider   string `json:"provider"`
	LiveSHA256 string `json:"live_sha256"`
	// Servers are the authoritative servers to ask, as the inventory gives
	// them; empty with Discover means the zone's NS set, and empty without it
	// means that none is asked.
	Servers  []string `json:"servers"`
	Discover bool     `json:"discover"`
	// Sync is how many seconds the provider says it needs until all its
	// servers serve a change.
	Sync int64 `json:"sync_seconds,omitempty"`
	// Negative is the zone's negative TTL (RFC 2308, section 5).
	Negative zone.TTL `json:"negative_ttl"`
}

// Strategy is how a change gets from before to after.
type Strategy string

// The strategies. Staged takes caches into account; Direct only writes.
const (
	Staged Strategy = "staged"
	Direct Strategy = "direct"
)

// Policy is how the changes are to be made and judged.
type Policy struct {
	Strategy Strategy `json:"strategy"`
	// ChangeTTL is the TTL while a change is under way.
	ChangeTTL zone.TTL `json:"change_ttl"`
	// Settle is how many seconds the new state must stay good.
	Settle int64 `json:"settle_seconds"`
	// Require is "all", "majority" or a number, of the resolvers that answered
	// the baseline.
	Require string `json:"require"`
	// Timeout limits, in seconds, each wait for agreement and each
	// verification after its computed wait.
	Timeout   int64      `json:"timeout_seconds"`
	Resolvers []Resolver `json:"resolvers"`
	// OnFailure is what happens where a check behind a switch fails.
	OnFailure OnFailure `json:"on_failure,omitempty"`
	// Windows are the change windows and freezes of the zones that change: no
	// switch takes place outside of them.
	Windows []window.Window `json:"windows,omitempty"`
	// IgnoreWindows says that a person allowed to switch at any time, AwaitWindow
	// that the run may begin at any time and switches as the windows open.
	IgnoreWindows bool `json:"ignore_windows,omitempty"`
	AwaitWindow   bool `json:"await_window,omitempty"`
	// Authority issues for the names that are validated by HTTP-01; nil without one.
	Authority *Authority `json:"authority,omitempty"`
	// NoACMECheck says that a person allowed to switch without asking whether
	// challenges are answered.
	NoACMECheck bool `json:"no_acme_check,omitempty"`
	// Reason, Ticket and By go into the change log.
	Reason string `json:"reason,omitempty"`
	Ticket string `json:"ticket,omitempty"`
	By     string `json:"by,omitempty"`
}

// OnFailure is what happens to a zone where a check behind its switch fails.
type OnFailure string

// What may happen: Rollback, the zero value, puts the old addresses back at
// once; Hold leaves everything at the low TTL until a person decides.
const (
	Rollback OnFailure = ""
	Hold     OnFailure = "hold"
)

// Resolver is a recursive resolver to ask.
type Resolver struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	Protocol string `json:"protocol"`
}

// Action is what happens to an RRset.
type Action string

// The actions. Update changes values; TTL and Proxied change that alone.
const (
	Create  Action = "create"
	Update  Action = "update"
	TTL     Action = "ttl"
	Proxied Action = "proxied"
	Delete  Action = "delete"
)

// State is an RRset before or after a change.
type State struct {
	TTL     zone.TTL     `json:"ttl"`
	Values  []netip.Addr `json:"values"`
	Proxied bool         `json:"proxied"`
	// Auto says that the provider chooses the TTL.
	Auto bool `json:"auto_ttl,omitempty"`
	// Mixed says of a state before that its records had several TTLs, of which TTL
	// was the highest.
	Mixed bool `json:"mixed_ttl,omitempty"`
	// Members are the comments and tags that Values have, or shall have, in
	// their order. Only a restored RRset has them, or one that a window that is closed
	// without its run has marked: nil keeps what is live.
	Members []Member `json:"members,omitempty"`
}

// Member is what is kept beside one value.
type Member struct {
	Value   netip.Addr `json:"value"`
	Comment string     `json:"comment"`
	Tags    []string   `json:"tags"`
}

// Change is one RRset's before and after.
type Change struct {
	ID string `json:"id"`
	ZoneRef
	zone.Key
	Action   Action       `json:"action"`
	Before   *State       `json:"before"`
	After    *State       `json:"after"`
	Strategy Strategy     `json:"strategy"`
	Add      []netip.Addr `json:"add"`
	Remove   []netip.Addr `json:"remove"`
	// Replaces is "CNAME target." when the record at the name goes in the same
	// operation.
	Replaces string `json:"replaces,omitempty"`
	// ReplacesTTL is that record's TTL.
	ReplacesTTL zone.TTL `json:"replaces_ttl,omitempty"`
	// ChangeTTL is the TTL of the RRset while the change is under way.
	ChangeTTL zone.TTL `json:"change_ttl,omitempty"`
	// Wildcard is the TTL of a live wildcard that answers for the name where it
	// does not exist.
	Wildcard zone.TTL `json:"wildcard_ttl,omitempty"`
	// WildcardValues are that wildcard's; none where it is a CNAME.
	WildcardValues []netip.Addr `json:"wildcard_values,omitempty"`
	// Cached is how many seconds from now resolvers may hold an answer from
	// before an earlier run's write, as that run's journal shows.
	Cached  zone.TTL `json:"cached_ttl,omitempty"`
	Group   string   `json:"group,omitempty"`
	Owner   string   `json:"owner,omitempty"`
	Comment string   `json:"comment,omitempty"`
	ACME    string   `json:"acme,omitempty"`
	// Probe is what the service behind the addresses is asked before the switch
	// and behind it; nil is nothing.
	Probe *Probe `json:"probe,omitempty"`
	// Challenge and Certificate are what new addresses are asked before the switch,
	// and only then: the challenge of HTTP-01, and a certificate that clients trust;
	// nil is nothing.
	Challenge   *Challenge `json:"challenge,omitempty"`
	Certificate *Probe     `json:"certificate,omitempty"`
}

// MarshalJSON writes the members of the contract in their order, view only
// where there is one.
func (c Change) MarshalJSON() ([]byte, error) {
	type plain Change
	return json.Marshal(struct {
		ID   string    `json:"id"`
		Zone zone.Name `json:"zone"`
		View string    `json:"view,omitempty"`
		plain
	}{c.ID, c.Zone, c.View, plain(c)})
}

// Unmanaged is a live address RRset that the inventory does not hold.
type Unmanaged struct {
	Zone    zone.Name    `json:"zone"`
	View    string       `json:"view,omitempty"`
	Name    zone.Name    `json:"name"`
	Type    zone.Type    `json:"type"`
	Values  []netip.Addr `json:"values"`
	Foreign string       `json:"foreign,omitempty"`
}

// Conflict is a wanted RRset that cannot be written as things stand.
type Conflict struct {
	Zone   zone.Name `json:"zone"`
	View   string    `json:"view,omitempty"`
	Name   zone.Name `json:"name"`
	Type   zone.Type `json:"type"`
	Reason string    `json:"reason"`
}

// Refusal is a guard that forbids to apply the plan.
type Refusal struct {
	Code    string    `json:"code"`
	Zone    zone.Name `json:"zone"`
	View    string    `json:"view,omitempty"`
	Message string    `json:"message"`
	// Allow is the flag, or the key of the inventory, that lifts the guard.
	Allow string `json:"allow"`
}

// Warning is something that the reader of a plan should know. In its message, as in
// a refusal's, a TTL is the number that a zone file holds ("TTL 300"), and a span of
// time has units ("30m"). Lines behind its first are there to be pasted.
type Warning struct {
	Code    string `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// Kind is what a step does.
type Kind string

// The kinds of steps.
const (
	StepBackup    Kind = "backup"
	StepPreflight Kind = "preflight"
	StepLower     Kind = "lower-ttl"
	StepExpire    Kind = "expire"
	StepGate      Kind = "gate"
	StepSwitch    Kind = "switch"
	StepPropagate Kind = "propagate"
	StepVerify    Kind = "verify"
	StepProbe     Kind = "probe"
	StepSettle    Kind = "settle"
	StepRaise     Kind = "raise-ttl"
	StepProxyOff  Kind = "proxy-off"
	StepProxyOn   Kind = "proxy-on"
	StepCommand   Kind = "command"
	// StepIssued compares the certificates behind a proxy with those of before.
	StepIssued Kind = "issued"
)

// Writes tells whether steps of the kind write to a provider.
func (k Kind) Writes() bool {
	switch k {
	case StepLower, StepSwitch, StepRaise, StepProxyOff, StepProxyOn:
		return true
	}
	return false
}

// Waits tells whether steps of the kind wait for a computed time.
func (k Kind) Waits() bool { return k == StepExpire || k == StepSettle }

// Step is one action of a plan. A write step does its work in one batch a zone.
type Step struct {
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Changes are the ids of the changes that the step is about.
	Changes []string `json:"changes"`
	// After are the ids of the steps that must have ended first.
	After []string `json:"after"`
	// Group is the group that the step switches or checks; empty for the last
	// one and for steps that serve all groups.
	Group string `json:"group,omitempty"`
	// Seconds is the least time that a wait takes, from the moment that After
	// is fulfilled.
	Seconds int64  `json:"seconds,omitempty"`
	Detail  string `json:"detail"`
}

// Summary counts a plan.
type Summary struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	TTL       int `json:"ttl"`
	Proxied   int `json:"proxied"`
	Delete    int `json:"delete"`
	Unmanaged int `json:"unmanaged"`
	Conflicts int `json:"conflicts"`
	// Duration is the longest path of known seconds; open-ended steps count 0.
	Duration int64 `json:"duration_seconds"`
}

// Empty tells whether the plan changes nothing.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Change returns the change of an id.
func (p *Plan) Change(id string) (*Change, bool) {
	if i, err := strconv.Atoi(strings.TrimPrefix(id, "c")); err == nil && i >= 1 && i <= len(p.Changes) && p.Changes[i-1].ID == id {
		return &p.Changes[i-1], true // as number gave them
	}
	for i := range p.Changes {
		if p.Changes[i].ID == id {
			return &p.Changes[i], true
		}
	}
	return nil, false
}

// RRset returns the state as the RRset of key; nil stays nil.
func (s *State) RRset(key zone.Key) *zone.RRset {
	if s == nil {
		return nil
	}
	return &zone.RRset{Key: key, TTL: s.TTL, Addrs: s.Values, Proxied: s.Proxied, Auto: s.Auto, Mixed: s.Mixed, Members: s.members()}
}

// members are those of the state as an RRset has them.
func (s *State) members() []zone.Member {
	if s.Members == nil {
		return nil
	}
	out := make([]zone.Member, len(s.Members))
	for i, m := range s.Members {
		out[i] = zone.Member{Comment: m.Comment, Tags: m.Tags}
	}
	return out
}

// MembersOf returns the comments and tags of an RRset, in the order of its addresses;
// empty ones where it has none.
func MembersOf(r zone.RRset) []Member {
	out := make([]Member, len(r.Addrs))
	for i, a := range r.Addrs {
		out[i] = Member{Value: a, Tags: []string{}}
		if i < len(r.Members) {
			out[i].Comment, out[i].Tags = r.Members[i].Comment, append([]string{}, r.Members[i].Tags...)
		}
	}
	return out
}

// stateOf is the inverse of State.RRset.
func stateOf(r zone.RRset) *State {
	return &State{TTL: r.TTL, Values: r.Addrs, Proxied: r.Proxied, Auto: r.Auto, Mixed: r.Mixed}
}
