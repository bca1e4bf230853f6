package cloudflare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
)

var (
	errMoved = errors.New("records were added or removed while the pages of the list were read, twice in a row: try again")
	errShift = errors.New("pages do not fit together")
)

// whole reads all pages of a list, from 1 on. Where the pages do not fit
// together, because something was added or removed meanwhile, it starts again,
// once.
func whole(get func(page int) (envelope, error)) ([]json.RawMessage, error) {
	items, err := pages(get)
	if !errors.Is(err, errShift) {
		return items, err
	}
	if items, err = pages(get); errors.Is(err, errShift) {
		return nil, errMoved
	}
	return items, err
}

// pages reads each page as the answers say how many there are: by their number,
// or by the number of items. An answer that does not say is followed until a
// page holds nothing new.
func pages(get func(page int) (envelope, error)) ([]json.RawMessage, error) {
	s := sheaf{seen: map[string]int{}, total: -1}
	for page := 1; ; page++ {
		answer, err := get(page)
		if err != nil && page > 1 {
			return nil, fmt.Errorf("page %d: %w", page, err)
		}
		if err != nil {
			return nil, err
		}
		fresh, err := s.add(page, answer)
		if err != nil {
			return nil, err
		}
		last, told := lastPage(answer.Info)
		switch {
		case told && page >= last, !told && fresh == 0:
			return s.items, s.complete()
		case fresh == 0:
			return nil, errShift
		}
	}
}

// sheaf is what was read of a list's pages.
type sheaf struct {
	items []json.RawMessage
	seen  map[string]int // the page of each item, by its id, or by its text if it has none
	total int            // as the answers say; -1 before one has
}

// add adds a page. An item that was on an earlier one is left out. fresh is how
// many were not.
func (s *sheaf) add(page int, answer envelope) (fresh int, err error) {
	items, err := answer.list()
	if err != nil {
		return 0, err
	}
	if answer.Info != nil && answer.Info.TotalCount != nil {
		total := *answer.Info.TotalCount
		if s.total >= 0 && s.total != total {
			return 0, errShift
		}
		s.total = total
	}
	for _, item := range items {
		id := idOf(item)
		key := cmp.Or(id, string(item))
		if at, seen := s.seen[key]; seen && (at < page || id != "") {
			continue
		}
		s.seen[key] = page
		s.items = append(s.items, item)
		fresh++
	}
	return fresh, nil
}

// list is the result as a list. It may be null where it is counted to be empty,
// as some programs write a list of nothing.
func (e envelope) list() (items []json.RawMessage, err error) {
	none := e.Info != nil && e.Info.TotalCount != nil && *e.Info.TotalCount == 0
	if err := json.Unmarshal(e.Result, &items); err != nil || items == nil && !none {
		return nil, fmt.Errorf("%w: its result is no list", errNotAPI)
	}
	return items, nil
}

// complete tells whether as many items were read as the answers counted.
func (s *sheaf) complete() error {
	if s.total >= 0 && len(s.items) != s.total {
		return errShift
	}
	return nil
}

func idOf(item json.RawMessage) string {
	var head struct {
		ID string `json:"id"`
	}
	if !bytes.HasPrefix(bytes.TrimSpace(item), []byte("{")) || json.Unmarshal(item, &head) != nil {
		return ""
	}
	return head.ID
}

// lastPage returns the number of the last page, where the answer tells. A number
// of pages of 0 tells nothing where items are counted.
func lastPage(info *resultInfo) (last int, told bool) {
	if info == nil {
		return 0, false
	}
	if info.TotalCount != nil && info.PerPage != nil && *info.PerPage > 0 {
		last, told = (*info.TotalCount+*info.PerPage-1) / *info.PerPage, true
	}
	if info.TotalPages != nil {
		last, told = max(last, *info.TotalPages), true
	}
	return last, told
}
