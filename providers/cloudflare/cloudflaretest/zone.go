package cloudflaretest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Zone is a zone of the fake.
type Zone struct {
	// ID is made up when it is empty.
	ID string
	// Name goes without the final dot.
	Name string
	// Plan is "free", "pro", "business" or "enterprise"; empty is "free".
	Plan string
	// Status is "active" when it is empty.
	Status string
	Paused bool
	// Type is "full" when it is empty.
	Type string
	// Account and AccountName are whose it is; empty is one account for all.
	Account, AccountName string
	// NoPermissions leaves the permissions out of the zone, as Cloudflare may.
	NoPermissions bool
	// Records are set through Put.
	Records []Record
}

// Rights are what a token may do in a zone. Each holds those before it.
type Rights int

// The rights, by the permissions that give them.
const (
	None Rights = iota
	See         // Zone / Zone / Read
	Read        // and Zone / DNS / Read
	Edit        // and Zone / DNS / Edit
)

// Token is an API token.
type Token struct {
	Value string
	// Status is "active", "disabled" or "expired"; empty is active.
	Status string
	// All are its rights in zones that Zones does not name.
	All   Rights
	Zones map[string]Rights // by zone name
	// Unseen takes Zone / Zone / Read away: records by zone id alone.
	Unseen bool
	// Owned by an account, it is not verified as a user's token.
	Owned     bool
	ExpiresOn time.Time
}

func (t Token) rights(z *Zone) Rights {
	if r, ok := t.Zones[z.Name]; ok {
		return r
	}
	return t.All
}

// AddToken adds a token, in place of one of the same value.
func (s *Server) AddToken(t Token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[t.Value] = t
}

// Revoke removes a token.
func (s *Server) Revoke(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, value)
}

// AddZone adds a zone and returns its id. The same name may be added again, on
// another account.
func (s *Server) AddZone(z Zone) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z.ID == "" {
		z.ID = s.newID()
	}
	for _, f := range []struct {
		field *string
		usual string
	}{{&z.Plan, "free"}, {&z.Status, "active"}, {&z.Type, "full"}, {&z.Account, "a0000000000000000000000000000001"}, {&z.AccountName, "Example"}} {
		if *f.field == "" {
			*f.field = f.usual
		}
	}
	s.zones = append(s.zones, &z)
	return z.ID
}

// RemoveZone removes all zones of the name.
func (s *Server) RemoveZone(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones = slices.DeleteFunc(s.zones, func(z *Zone) bool { return z.Name == name })
}

// SetStatus changes the status of all zones of the name.
func (s *Server) SetStatus(name, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, z := range s.zones {
		if z.Name == name {
			z.Status = status
		}
	}
}

func (s *Server) zoneByID(id string) *Zone {
	for _, z := range s.zones {
		if z.ID == id {
			return z
		}
	}
	return nil
}

// authenticate finds the token of a request.
func (s *Server) authenticate(r *http.Request) (Token, *fault) {
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(value) < 10 || strings.ContainsAny(value, " \"'") {
		f := bad(6003, "Invalid request headers")
		f.Chain = []*fault{bad(6111, "Invalid format for Authorization header")}
		return Token{}, f
	}
	t, ok := s.tokens[value]
	if !ok || t.Status != "" && t.Status != "active" {
		return t, &fault{Code: 9109, Message: "Invalid access token", status: http.StatusForbidden}
	}
	return t, nil
}

func forbidden() *fault {
	return &fault{Code: 10000, Message: "Authentication error", status: http.StatusForbidden}
}

// verify answers about a token, as a user's: also about one that has expired.
func verify(t Token, f *fault) (answer, *fault) {
	if f != nil && f.Code != 9109 {
		return answer{}, f
	}
	if t.Value == "" || t.Owned {
		return answer{}, &fault{Code: 1000, Message: "Invalid API Token", status: http.StatusUnauthorized}
	}
	result := map[string]any{"id": "f0000000000000000000000000000001", "status": "active"}
	if t.Status != "" {
		result["status"] = t.Status
	}
	if !t.ExpiresOn.IsZero() {
		result["expires_on"] = t.ExpiresOn.UTC()
	}
	return answer{Result: result}, nil
}

// listZones lists what the token sees.
func (s *Server) listZones(t Token, q url.Values) (answer, *fault) {
	var seen []map[string]any
	for _, z := range s.zones {
		switch {
		case t.Unseen, t.rights(z) < See:
		case q.Has("name") && !strings.EqualFold(strings.TrimSuffix(q.Get("name"), "."), z.Name):
		case q.Has("status") && q.Get("status") != z.Status:
		case q.Has("account.id") && q.Get("account.id") != z.Account:
		default:
			seen = append(seen, z.shown(t))
		}
	}
	seen, info, f := page(s, seen, q, 5, 50, 20)
	if f != nil {
		return answer{}, f
	}
	return answer{Result: append([]map[string]any{}, seen...), Info: info}, nil
}

// shown is the zone as the API shows it to the holder of t.
func (z *Zone) shown(t Token) map[string]any {
	permissions := []string{"#zone:read"}
	if t.rights(z) >= Read {
		permissions = append(permissions, "#dns_records:read")
	}
	if t.rights(z) >= Edit {
		permissions = append(permissions, "#dns_records:edit")
	}
	if z.NoPermissions {
		permissions = nil
	}
	return map[string]any{
		"id": z.ID, "name": z.Name, "status": z.Status, "paused": z.Paused, "type": z.Type, "development_mode": 0,
		"name_servers": nameServers(), "permissions": permissions,
		"account": map[string]string{"id": z.Account, "name": z.AccountName},
		"plan":    map[string]any{"id": "p-" + z.Plan, "name": z.Plan, "legacy_id": z.Plan, "price": 0, "is_subscribed": true},
	}
}
