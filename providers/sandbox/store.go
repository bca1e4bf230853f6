package sandbox

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Store holds the zones that authoritative servers answer from, each with the
// versions that some server may still have to serve: a server that lags or is
// frozen looks at the past. It is safe for concurrent use.
type Store struct {
	now func() time.Time
	dir string // empty: in memory only

	mu      sync.Mutex
	zones   map[zone.Name]*history
	readers map[reader]struct{}
}

// reader is a server; viewed tells the moment whose versions it serves.
type reader interface {
	viewed(now time.Time) time.Time
}

// version is a zone from one moment on. With neither content nor err the zone
// is gone.
type version struct {
	since   time.Time
	content *content
	err     error             // why a zone that was never good cannot be served
	sum     [sha256.Size]byte // of the files that it was read from
}

// history is a zone's versions, the oldest first, and the state of its file.
type history struct {
	versions []version
	file     fileState
}

// NewStore returns an empty store. now is its clock; nil is time.Now.
func NewStore(now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{now: now, zones: map[zone.Name]*history{}, readers: map[reader]struct{}{}}
}

// Put replaces the zone by what text holds in zone-file form (RFC 1035, section
// 5; no $INCLUDE). The first version of a zone is there for every server at
// once, a later one from now on. After an error the zone is what it was.
func (s *Store) Put(origin zone.Name, text string) error {
	c, err := parseContent(origin, zoneText{file: string(origin), text: strings.NewReader(text)})
	if err != nil {
		return fmt.Errorf("put %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push(s.history(origin), version{content: c})
	return nil
}

// Remove takes the zone away; servers refuse questions about it.
func (s *Store) Remove(origin zone.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h, ok := s.zones[origin]; ok {
		s.push(h, version{})
	}
}

// find returns the version of the closest zone above qname that r serves now;
// ok is false where r serves none. A question for DS belongs to the zone above
// the cut, when there is one (RFC 4035, section 3.1.4.1).
func (s *Store) find(r reader, qname string, qtype uint16) (v version, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := r.viewed(s.now())
	name := zone.Name(qname)
	if qtype == dns.TypeDS && name != zone.Root {
		if v, ok = s.closest(name.Parent(), at); ok {
			return v, true
		}
	}
	return s.closest(name, at)
}

func (s *Store) closest(name zone.Name, at time.Time) (version, bool) {
	for {
		if v, ok := s.zoneAt(name, at); ok {
			return v, true
		}
		if name == zone.Root {
			return version{}, false
		}
		name = name.Parent()
	}
}

// zoneAt returns the version of one zone at a moment, after a look at its file.
func (s *Store) zoneAt(name zone.Name, at time.Time) (version, bool) {
	if s.dir != "" {
		s.refresh(name, false)
	}
	h, ok := s.zones[name]
	if !ok {
		return version{}, false
	}
	v := h.versions[h.index(at)]
	return v, v.content != nil || v.err != nil
}

// index returns the version that holds at a moment.
func (h *history) index(at time.Time) int {
	for i := len(h.versions) - 1; i > 0; i-- {
		if !h.versions[i].since.After(at) {
			return i
		}
	}
	return 0
}

// history returns the zone's history, which is made when there is none; the
// caller pushes its first version.
func (s *Store) history(name zone.Name) *history {
	h, ok := s.zones[name]
	if !ok {
		h = &history{}
		s.zones[name] = h
	}
	return h
}

// push adds a version from now on and drops those that no server serves any more.
func (s *Store) push(h *history, v version) {
	now := s.now()
	v.since = now
	h.versions = append(h.versions, v)
	oldest := now
	for r := range s.readers {
		if at := r.viewed(now); at.Before(oldest) {
			oldest = at
		}
	}
	h.versions = h.versions[h.index(oldest):]
}

// last returns the newest version; zero when there is none.
func (h *history) last() version {
	if len(h.versions) == 0 {
		return version{}
	}
	return h.versions[len(h.versions)-1]
}

func (s *Store) attach(r reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers[r] = struct{}{}
}

func (s *Store) detach(r reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.readers, r)
}
