package acme

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/dnsplan/dnsplan/inventory/zone"
	"github.com/dnsplan/dnsplan/plan"
	"github.com/dnsplan/dnsplan/plan/acme/http01"
)

// copied is the newest backup of a zone.
type copied struct {
	Backup
	known bool
	err   error
}

// operationZone is the evidence about how a zone is kept.
type operationZone struct {
	backup lazy[copied]
}

func (e *examination) backup() copied {
	return e.zone.backup.get(func() copied {
		if e.opts.Past.Backup == nil {
			return copied{}
		}
		b, err := e.opts.Past.Backup(e.subject.Zone.ZoneRef)
		return copied{b, true, err}
	})
}

// checkBackup is O-BACKUP.
func checkBackup(_ context.Context, e *examination) []Finding {
	return []Finding{e.judgeBackup(e.backup())}
}

func (e *examination) judgeBackup(b copied) Finding {
	in := e.subject.inZone()
	save := Remedy{Do: "Make one now:", Paste: "dnsplan backup " + e.subject.Zone.Zone.Display()}
	switch {
	case b.err != nil:
		return failed(nil, "the newest backup of %s cannot be read: %s", in, clipped(b.err.Error())).with(save)
	case !b.known:
		return unclear(nil, "no state folder is looked at for backups of %s", in)
	case b.Snapshot == nil:
		return failed(nil, "there is no backup of %s yet; a run makes one before it writes", in).at(Warning).with(save)
	case len(b.Snapshot.RRsets) == 0 && e.subject.Zone.Live != nil && len(e.subject.Zone.Live.RRsets) > 0:
		return failed(b.says(), "the newest backup of %s holds no address at all", in).with(save)
	case b.Snapshot.Blind != "":
		return failed(b.says(), "the newest backup of %s is not whole: %s", in, clipped(b.Snapshot.Blind)).at(Warning).with(
			Remedy{Do: "Let the provider list the zone (a transfer, or the token's rights), then:", Paste: save.Paste})
	}
	return passed(b.says(), "the backup of %s of %s was read again, and holds %d address RRsets", in, minute(b.Taken), len(b.Snapshot.RRsets))
}

func (b copied) says() []Asked {
	return []Asked{{Who: b.Path, Said: fmt.Sprintf("taken %s, %d address RRsets, %d other records", minute(b.Taken), len(b.Snapshot.RRsets), len(b.Snapshot.Others))}}
}

// recent is how long the old server of a change must be there for a way back.
const recent = 7 * 24 * time.Hour

// checkWayBack is O-ROLL.
func checkWayBack(ctx context.Context, e *examination) []Finding {
	last, changed, err := e.lastChange()
	if err != nil {
		return []Finding{unclear(nil, "the change log cannot be read: %v", err)}
	}
	f := e.judgeRestore(e.backup())
	if !changed || last.undone() || e.opts.Now().Sub(last.At) > recent || f.Outcome == Fail {
		return []Finding{f}
	}
	if gone := e.goneServers(ctx, last); gone != nil {
		return gone
	}
	if f.Outcome == Unknown && last.Outcome == "applied" {
		return []Finding{passed(nil, "run %s can be taken back: dnsplan rollback %s", last.Run, last.Run)}
	}
	return []Finding{f}
}

// judgeRestore makes the plan that would bring the name back as the backup has it,
// without carrying it out.
func (e *examination) judgeRestore(b copied) Finding {
	name, z := e.subject.Name.Display(), e.subject.Zone
	if b.err != nil || b.Snapshot == nil {
		return unclear(nil, "there is no backup that %s could be brought back from", name).because("O-BACKUP").with(
			Remedy{Do: "Make one now:", Paste: "dnsplan backup " + z.Zone.Display()})
	}
	if f, none := e.subject.unread(); none {
		return f.asking(b.says())
	}
	diff := plan.Restore(&plan.Desired{ZoneRef: z.ZoneRef, MinTTL: z.MinTTL},
		plan.Backup{Snapshot: b.Snapshot, Names: map[zone.Name]bool{e.subject.Name: true}, Proxy: z.Proxy}, z.Live)
	if len(diff.Conflicts) > 0 {
		why, _, _ := strings.Cut(diff.Conflicts[0].Reason, ": ") // what to do follows, for a restore of many names
		f := failed(b.says(), "%s cannot be brought back from the backup of %s: %s", name, minute(b.Taken), clipped(why))
		see := Remedy{Do: "See all of it, without writing:", Paste: fmt.Sprintf("dnsplan restore %s %s -o way-back.json", inShell(b.Path), inCommand(e.subject.Name))}
		switch _, alias := z.alias(e.subject.Name); {
		case strings.HasPrefix(why, plan.HeldOpen):
			return f.at(Info).because("X-BACK") // it can once that is closed
		case alias:
			f = f.because("D-EXPECT") // or what that is because of
			see.Do = "Delete that at the provider, and see all of it, without writing:"
		}
		return f.with(see)
	}
	return passed(b.says(), "%s can be brought back as it was on %s, by %s", name, minute(b.Taken), counted(len(diff.Changes), "change"))
}

// goneServers are the addresses that a rollback would lead back to, and that do not
// answer HTTP any more; nil where all do.
func (e *examination) goneServers(ctx context.Context, last logged) (out []Finding) {
	v := e.validator(ctx, "")
	for _, old := range last.OldValues {
		a, err := netip.ParseAddr(old)
		if err != nil || slices.Contains(last.NewValues, old) || last.OldProxied {
			continue
		}
		f := fetched{target{addr: a}, e.validate(ctx, v, http01.Request{Host: e.subject.Name.Display(), Token: e.unplaced().Name, Pin: a})}
		if answered(f) {
			continue
		}
		if why := e.doubt(f); why != "" {
			out = append(out, unclear(hops(f), "whether there is still a server at the old address %s cannot be told: %s", a, why))
			continue
		}
		out = append(out, failed(hops(f), "a rollback of run %s leads back to %s, where no server answers any more: %s", last.Run, e.at(a), reason(f.Err)).at(Warning).with(
			Remedy{Do: fmt.Sprintf("Keep the old server at %s until the change has proven itself, %s.", a, minute(last.At.Add(recent)))}))
	}
	return out
}
