"""Merges what stands in the middle of a long text after some layers, so that the others read less.

A developer's ask stands at a text's beginning or end, what he pasted between. After `BEFORE` layers
every `TOGETHER` neighbours of the middle become their mean, which later layers attend to as to that
many tokens (token merging, Bolya et al. 2023; there by likeness, here by place: neighbours of a log
are alike). 128 tokens go on as 68, a text of up to `FROM` as it is.
"""

import torch

BEFORE = 2
"""Layers that read all tokens."""
FROM = 64
"""Texts of more tokens than this are merged."""
FIRST = 24
LAST = 24
"""Tokens at both ends that stay as they are."""
TOGETHER = 4
_NEVER = -1e4


def places_of(mask: torch.Tensor) -> torch.Tensor:
    """Return where each token of texts with this `mask` [b, n] goes, [b, n]."""
    at = torch.arange(mask.shape[1], device=mask.device).unsqueeze(0)
    length = mask.sum(1, keepdim=True)
    end = length - LAST
    # No division of what is negative: exported, it is rounded the other way.
    middle = FIRST + (at - FIRST).clamp(min=0) // TOGETHER
    merged = (length - FIRST - LAST + TOGETHER - 1).clamp(min=0) // TOGETHER
    place = torch.where(at < FIRST, at, torch.where(at < end, middle, at - end + FIRST + merged))
    return torch.where(length > FROM, place, at)


def merge(
    states: torch.Tensor, mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return merged states [b, m, 384] of [b, n, 384], of how many tokens each is [b, m], and the places.

    A size of 0 is padding.
    """
    places = places_of(mask)
    there = (places * mask).max() + 1
    at = torch.arange(there, device=mask.device)
    member = (places.unsqueeze(1) == at.view(1, -1, 1)) & (mask.unsqueeze(1) > 0)
    share = member.to(states.dtype)
    sizes = share.sum(-1)
    return (share / sizes.clamp(min=1).unsqueeze(-1)) @ states, sizes, places


def apart(states: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return for each token [b, n, 384] the merged state [b, m, 384] at its place; padding gets any."""
    chosen = places.clamp(max=states.shape[1] - 1).unsqueeze(-1)
    return states.gather(1, chosen.expand(-1, -1, states.shape[-1]))


def bias_of_mask(mask: torch.Tensor) -> torch.Tensor:
    """Return what attention adds to its scores [b, 1, 1, n] so that padding counts for nothing."""
    return (1.0 - mask[:, None, None].float()) * _NEVER


def bias_of_sizes(sizes: torch.Tensor) -> torch.Tensor:
    """Return what attention adds to its scores [b, 1, m, m] so that a state counts for its tokens."""
    bias = torch.where(sizes > 0, sizes.clamp(min=1).log(), torch.full_like(sizes, _NEVER))
    return bias[:, None, None].expand(-1, 1, sizes.shape[1], -1)
