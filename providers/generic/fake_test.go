package generic_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libdns/libdns"
	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// fake is a vendor and its libdns provider, with the habits of one class.
type fake struct {
	zone   string // with the final dot
	habits habits

	mu      sync.Mutex
	records []held
	lastID  int
	calls   []string
	fault   func(call string, n int) fault // n counts all calls that write, from 1
	writes  int
	served  func(f *fake) // is called, locked, after each single change
	stale   []held        // what GetRecords returns until staleReads are used up
	staleN  int
}

// habits are what the classes differ in.
type habits struct {
	appendTTL   string        // "set": the RRset gets it, "keep": the RRset keeps its own, "same": refused unless the same, "": each record has its own
	duplicates  bool          // a value may stand twice with two TTLs
	set         string        // "replace", "id", "in-place", "append", "" forbidden
	deletesByID bool          // DeleteRecords needs the record that was read
	deletesTTL  bool          // DeleteRecords minds the TTL
	clamp       time.Duration // lower TTLs are raised to it in silence
	absolute    bool          // names are returned absolute, without the dot
	zeroTTL     time.Duration // records of this TTL are listed with 0
	postTwice   bool          // an append is repeated by the SDK
}

// held is one record at the vendor.
type held struct {
	id               int
	name, kind, data string
	ttl              time.Duration
}

// record is what GetRecords returns: a type of the vendor's own, with an id.
type record struct {
	rr libdns.RR
	id int
}

func (r record) RR() libdns.RR { return r.rr }

// retime is the Quirks.Retime of the class.
func retime(r libdns.Record, ttl time.Duration) libdns.Record {
	own := r.(record)
	own.rr.TTL = ttl
	return own
}

type fault struct {
	after  int   // how many records of the call are changed before it fails; -1: all
	err    error // what the call returns
	panics bool
}

func newFake(t *testing.T, zoneName, text string, h habits) *fake {
	t.Helper()
	f := &fake{zone: zoneName, habits: h}
	parser := dns.NewZoneParser(strings.NewReader(text), zoneName, "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		header := rr.Header()
		data := strings.TrimPrefix(rr.String(), header.String())
		name := strings.TrimSuffix(strings.TrimSuffix(header.Name, zoneName), ".")
		if name == "" {
			name = "@"
		}
		f.hold(name, dns.TypeToString[header.Rrtype], data, time.Duration(header.Ttl)*time.Second)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fake) hold(name, kind, data string, ttl time.Duration) {
	f.lastID++
	f.records = append(f.records, held{f.lastID, name, kind, data, max(ttl, f.habits.clamp)})
}

// lines returns the records that are no addresses.
func (f *fake) others() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, r := range f.records {
		if r.kind != "A" && r.kind != "AAAA" {
			out = append(out, fmt.Sprintf("%d %s %s %s %s", r.id, r.name, r.ttl, r.kind, r.data))
		}
	}
	return out
}

// addresses returns "name ttl type data" of the address records, in order.
func (f *fake) addresses() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, r := range f.records {
		if r.kind == "A" || r.kind == "AAAA" {
			out = append(out, fmt.Sprintf("%s %d %s %s", r.name, r.ttl/time.Second, r.kind, r.data))
		}
	}
	slices.Sort(out)
	return out
}

func (f *fake) GetRecords(ctx context.Context, z string) ([]libdns.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, errors.New("get: " + err.Error()) // the type is lost, as usual
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, "get")
	if f.fault != nil {
		if ft := f.fault("get", f.writes); ft.panics {
			panic("index out of range: canary-secret")
		} else if ft.err != nil {
			return nil, ft.err
		}
	}
	if z != f.zone {
		return nil, errors.New("API returned a 404 (no such domain)")
	}
	from := f.records
	if f.staleN > 0 {
		f.staleN--
		from = f.stale
	}
	var out []libdns.Record
	for _, r := range from {
		rr := libdns.RR{Name: r.name, Type: r.kind, TTL: r.ttl, Data: r.data}
		if f.habits.absolute {
			rr.Name = strings.TrimPrefix(r.name+"."+strings.TrimSuffix(z, "."), "@.")
		}
		if r.ttl == f.habits.zeroTTL {
			rr.TTL = 0
		}
		out = append(out, record{rr, r.id})
	}
	return out, nil
}

// mutate makes a call that changes record by record, with the fault of the hour.
func (f *fake) mutate(ctx context.Context, z, call string, records []libdns.Record, one func(libdns.Record) error) ([]libdns.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, errors.New(call + ": " + err.Error())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if z != f.zone {
		return nil, errors.New("API returned a 404 (no such domain)")
	}
	var texts []string
	for _, r := range records {
		rr := r.RR()
		texts = append(texts, fmt.Sprintf("%s %d %s %s", rr.Name, rr.TTL/time.Second, rr.Type, rr.Data))
	}
	f.calls = append(f.calls, call+" "+strings.Join(texts, ", "))
	f.writes++
	ft := fault{after: -1}
	if f.fault != nil {
		ft = f.fault(call, f.writes)
		if ft.err == nil && !ft.panics {
			ft.after = -1
		}
	}
	for i, r := range records {
		if i == ft.after {
			break
		}
		if err := one(r); err != nil {
			return nil, err
		}
		if f.served != nil {
			f.served(f)
		}
	}
	if ft.panics {
		panic("runtime error: canary-secret")
	}
	return records, ft.err
}

func (f *fake) AppendRecords(ctx context.Context, z string, records []libdns.Record) ([]libdns.Record, error) {
	return f.mutate(ctx, z, "append", records, func(r libdns.Record) error { return f.appendOne(r.RR()) })
}

func (f *fake) appendOne(rr libdns.RR) error {
	exists := false
	for i := range f.records {
		r := &f.records[i]
		if !strings.EqualFold(r.name, rr.Name) || r.kind != rr.Type {
			continue
		}
		switch {
		case f.habits.appendTTL == "set":
			r.ttl = max(rr.TTL, f.habits.clamp)
		case f.habits.appendTTL == "keep":
			rr.TTL = r.ttl
		case f.habits.appendTTL == "same" && r.ttl != rr.TTL:
			return errors.New("HTTP 422: conflicting TTL")
		}
		if r.data == rr.Data && (f.habits.appendTTL != "" || r.ttl == rr.TTL || !f.habits.duplicates) {
			exists = true
		}
	}
	switch {
	case exists && f.habits.appendTTL == "":
		return errors.New("HTTP 409: record exists")
	case exists:
		return nil
	}
	f.hold(rr.Name, rr.Type, rr.Data, rr.TTL)
	if f.habits.postTwice {
		f.hold(rr.Name, rr.Type, rr.Data, rr.TTL)
	}
	return nil
}

func (f *fake) DeleteRecords(ctx context.Context, z string, records []libdns.Record) ([]libdns.Record, error) {
	return f.mutate(ctx, z, "delete", records, func(r libdns.Record) error {
		rr := r.RR()
		if rr.Name == "" {
			panic("everything would be deleted")
		}
		own, isRead := r.(record)
		if f.habits.deletesByID && !isRead {
			return errors.New("invalid id")
		}
		f.records = slices.DeleteFunc(f.records, func(h held) bool {
			if f.habits.deletesByID {
				return h.id == own.id
			}
			return f.relative(rr.Name) == h.name && rr.Type == h.kind && rr.Data == h.data && (!f.habits.deletesTTL || rr.TTL == h.ttl)
		})
		return nil
	})
}

func (f *fake) relative(name string) string {
	bare := strings.TrimSuffix(f.zone, ".")
	if !f.habits.absolute {
		return name
	}
	if name == bare {
		return "@"
	}
	return strings.TrimSuffix(name, "."+bare)
}

func (f *fake) SetRecords(ctx context.Context, z string, records []libdns.Record) ([]libdns.Record, error) {
	switch f.habits.set {
	case "append":
		return f.AppendRecords(ctx, z, records)
	case "id":
		return f.mutate(ctx, z, "set", records, func(r libdns.Record) error {
			own, ok := r.(record)
			if !ok {
				return errors.New("invalid id")
			}
			i := slices.IndexFunc(f.records, func(h held) bool { return h.id == own.id })
			f.records[i].ttl, f.records[i].data = max(own.rr.TTL, f.habits.clamp), own.rr.Data
			return nil
		})
	case "replace":
		return f.mutate(ctx, z, "set", records[:1], func(libdns.Record) error { f.replace(records); return nil })
	case "in-place":
		return f.mutate(ctx, z, "set", records[:1], func(libdns.Record) error { f.inPlace(records); return nil })
	}
	panic("SetRecords is not to be called")
}

// replace does all at once.
func (f *fake) replace(records []libdns.Record) {
	keys := map[string]bool{}
	for _, r := range records {
		keys[strings.ToLower(r.RR().Name)+" "+r.RR().Type] = true
	}
	f.records = slices.DeleteFunc(f.records, func(h held) bool { return keys[strings.ToLower(h.name)+" "+h.kind] })
	for _, r := range records {
		f.hold(r.RR().Name, r.RR().Type, r.RR().Data, r.RR().TTL)
	}
}

// inPlace keeps the records that match, writes the others over what is left in
// the order of ids, each as a step of its own, and deletes the rest first, as
// ClouDNS's provider does.
func (f *fake) inPlace(records []libdns.Record) {
	rr := records[0].RR()
	var left []int
	want := map[string]time.Duration{}
	for _, r := range records {
		want[r.RR().Data] = r.RR().TTL
	}
	for _, h := range f.records {
		if h.name != rr.Name || h.kind != rr.Type {
			continue
		}
		if ttl, ok := want[h.data]; ok && ttl == h.ttl {
			delete(want, h.data)
		} else {
			left = append(left, h.id)
		}
	}
	for _, r := range records {
		ttl, ok := want[r.RR().Data]
		if !ok || len(left) == 0 {
			continue
		}
		i := slices.IndexFunc(f.records, func(h held) bool { return h.id == left[0] })
		left = left[1:]
		f.records[i].data, f.records[i].ttl = r.RR().Data, ttl
		if f.served != nil {
			f.served(f)
		}
	}
}

// setTTL is the vendor's own API, for the class with a hook.
func (f *fake) setTTL(ctx context.Context, z zone.Name, name string, typ zone.Type, ttl zone.TTL) error {
	rr := libdns.RR{Name: name, Type: typ.String(), TTL: ttl.Duration(), Data: "*"}
	_, err := f.mutate(ctx, string(z), "ttl", []libdns.Record{rr}, func(libdns.Record) error {
		for i := range f.records {
			if f.records[i].name == name && f.records[i].kind == typ.String() {
				f.records[i].ttl = max(ttl.Duration(), f.habits.clamp)
			}
		}
		return nil
	})
	return err
}

// listing adds ListZones to a fake.
type listing struct {
	*fake
	zones []string
}

func (l listing) ListZones(context.Context) ([]libdns.Zone, error) {
	var out []libdns.Zone
	for _, z := range l.zones {
		out = append(out, libdns.Zone{Name: z})
	}
	return out, nil
}

// fewest notes the fewest distinct values that a set had at any moment.
func fewest(f *fake, name, kind string) *int {
	low := 1 << 30
	f.served = func(f *fake) {
		values := map[string]bool{}
		for _, r := range f.records {
			if r.name == name && r.kind == kind {
				values[r.data] = true
			}
		}
		low = min(low, len(values))
	}
	return &low
}
