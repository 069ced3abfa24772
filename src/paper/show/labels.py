"""Labels beside points and on lines, where no other label, no point and no line is, and rings around the best points."""

import itertools
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

SIDES = (7, -7, 24, -24, 45, -45)  # from a point to its label, in points
ROWS = (-4, *range(3, 90, 7), *range(-11, -90, -7))  # heights of a label beside its point
BESIDE = sorted(itertools.product(ROWS, SIDES), key=lambda at: abs(at[0] + 4) + abs(at[1]))  # in the order of trying
LEADER = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3}  # from a label to its point
SIZE = 9  # of a label, in points: 12 pixels where a figure has its own width
FAR = 1e4  # pixels: where there is no other line
STEP = 4  # between the places on a line that are looked at, in pixels
SKIP = 3  # of these places, each third is tried for a name
CLEAR = 3  # pixels between a label and what it must not cover
ENOUGH = 25  # pixels by which a label is nearer to its own line than to any other: more makes it no clearer
AROUND = np.array([(x, y) for x in (0, -1, 1) for y in (1, -1, 0) if x or y])  # from a line to its label
ASKED = 99  # of the places away from a line, so many are asked for what is between
CROSSED = 2  # a line between a line and its name counts as so many points of it
HALF_STEP = STEP / 2
LEGIBLE = 9  # a label that is covered counts as so many points of a line
OUTSIDE = 9999  # and what is beyond the border as so many
REACHES = (0, 10, 20, 35, 50)  # pixels from a line to a name that has no place beside it
INK = 0.68  # of a line's colour: letters are thin, and so dark enough that their contrast to white is 4.5 at least


def ink(colour: str) -> tuple[float, float, float]:
    """The colour for letters about what is drawn in `colour`."""
    return tuple(INK * part for part in to_rgb(colour))


def ring(axis: Axes, x: float, y: float, colour: str) -> Line2D:
    """A ring around the point, for the best of its kind."""
    (made,) = axis.plot(
        x,
        y,
        "o",
        markersize=12,
        markerfacecolor="none",
        markeredgecolor=colour,
        markeredgewidth=1.3,
        clip_on=False,  # a ring around what is at the border is whole
        zorder=4,
        label="_ring",
    )
    return made


def on_lines(*axes: Axes, **style) -> list[Text]:
    """The names of the lines that have one, in their colours, beside the lines: inside the axes, covering no line and no text, and
    nearer to a line of this name than to any other. A name of several words takes two lines of text where that helps. An axis without
    such a place for a name goes without it; but if no axis has one, the name stands on one of them farther off, joined to its line, or
    where it covers least. The limits must be final. style: of the texts."""
    for _ in range(2):  # the layout settles at the second time
        axes[0].figure.draw_without_rendering()
    spaces, found = [_Space(axis, style) for axis in axes], {}
    for space in spaces:
        for name in space.names:
            place = space.place(name)
            found.setdefault(name, []).extend([] if place.badness else [space.put(name, place)])
    for name in (name for name, labels in found.items() if not labels):
        places = [(space, space.place(name, REACHES)) for space in spaces if name in space.names]
        space, place = min(places, key=lambda each: each[1].badness)
        found[name].append(space.put(name, place))
    return [label for labels in found.values() for label in labels]


class _Place(NamedTuple):
    badness: float  # 0: all is as it should be
    text: str
    centre: np.ndarray
    on: np.ndarray | None  # the place on the line to which it has to be joined


class _Space:
    """What is drawn on an axis, in pixels, and where names have a place."""

    def __init__(self, axis: Axes, style: dict):
        self.axis, self.frame = axis, axis.get_window_extent()
        self.style = dict(fontsize=SIZE, ha="center", va="center", linespacing=1) | style
        self.drawn = [(line.get_label(), line.get_color(), _places(line, self.frame)) for line in axis.get_lines()]
        self.colours = {name: colour for name, colour, _ in self.drawn}
        shown = {name for name, _, places in self.drawn if len(places)}
        self.names = [name for name in self.colours if name in shown and not name.startswith("_")]
        self.taken = [Text.get_window_extent(text) for text in axis.texts]

    def place(self, name: str, reaches: tuple[int, ...] = (0,)) -> _Place:
        """The best of the places beside the lines of this name, at any of the reaches."""
        found = []
        for text in dict.fromkeys((name, textwrap.fill(name, len(name) // 2 + 2, break_long_words=False))):
            label = self.axis.text(0, 0, text, **self.style)
            box = label.get_window_extent()
            label.remove()
            found += [self._best(name, text, np.array([box.width, box.height]) / 2, reach) for reach in reaches]
        return min(found, key=lambda place: place.badness)

    def put(self, name: str, place: _Place) -> Text:
        centre, on = self.axis.transData.inverted().transform(
            [place.centre, place.centre if place.on is None else place.on]
        )
        leader = {} if place.on is None else {"arrowprops": LEADER}
        label = self.axis.annotate(place.text, on, centre, color=ink(self.colours[name]), **self.style, **leader)
        label.set_in_layout(False)  # or the axes shrink for it
        label.update_positions(label.figure.canvas.get_renderer())
        self.taken.append(Text.get_window_extent(label))
        return label

    def _best(self, name: str, text: str, half: np.ndarray, reach: int) -> _Place:
        own = np.vstack([places for label, _, places in self.drawn if label == name])[::SKIP]
        on = own.repeat(len(AROUND), axis=0)
        centres = on + np.tile(AROUND, (len(own), 1)) * (half + CLEAR + 1 + reach)
        inside = (centres - half > self.frame.min).all(axis=1) & (centres + half < self.frame.max).all(axis=1)
        if inside.any():
            centres, on, inside = centres[inside], on[inside], inside[inside]
        to_own, to_others, covered = np.full(len(centres), np.inf), np.full(len(centres), FAR), np.zeros(len(centres))
        for label, colour, places in self.drawn:
            if len(places):
                gaps = _gaps(centres, half, places)
                covered += (gaps < CLEAR).sum(axis=1)
                if label == name:
                    to_own = np.minimum(to_own, gaps.min(axis=1))
                elif not self._belongs(label, colour, name):
                    to_others = np.minimum(to_others, gaps.min(axis=1))
        nearer = np.minimum(to_others - to_own, ENOUGH)
        texts = [Bbox([centre - half - CLEAR, centre + half + CLEAR]).count_overlaps(self.taken) for centre in centres]
        unclear = 9 * (nearer < CLEAR) if not reach else reach / 9
        badness = covered + LEGIBLE * np.array(texts) + OUTSIDE * ~inside + unclear
        best = np.lexsort((-nearer, badness))
        if reach:
            best = best[badness[best] <= badness[best[0]] + CROSSED * len(self.drawn)]
            best = best[:: -(-len(best) // ASKED)]
            badness[best] += [CROSSED * self._crossed(name, on[i], centres[i], half) for i in best]
            best = best[np.lexsort((-nearer[best], badness[best]))]
        return _Place(badness[best[0]], text, centres[best[0]], on[best[0]] if reach else None)

    def _crossed(self, name: str, start: np.ndarray, centre: np.ndarray, half: np.ndarray) -> int:
        """How many lines of other names are crossed between a place on the line and its name."""
        between = _leader(start, Bbox([centre - half, centre + half]))
        others = [places for label, colour, places in self.drawn if not self._belongs(label, colour, name)]
        return sum(bool((_gaps(between, np.full(2, HALF_STEP), places) == 0).any()) for places in others if len(places))

    def _belongs(self, label: str, colour: str, name: str) -> bool:
        """Whether a line is that of the name, or a companion of it: of its colour, without a name of its own."""
        return label == name or (label.startswith("_") and colour == self.colours[name])


def _places(line: Line2D, frame: Bbox) -> np.ndarray:
    """Places on the line inside the frame, STEP pixels apart at most. It is cut to the frame first: it may go on for millions of pixels."""
    path = Path(line.get_transform().transform(line.get_xydata()))
    cut = path.cleaned(clip=(*frame.min, *frame.max), simplify=False)
    corners, codes = cut.vertices, cut.codes
    parts = [corners[np.isin(codes, (Path.MOVETO, Path.LINETO))]]
    for a, b in zip(corners[:-1][codes[1:] == Path.LINETO], corners[1:][codes[1:] == Path.LINETO]):
        parts.append(np.linspace(a, b, 1 + max(1, int(np.ceil(np.hypot(*(b - a)) / STEP))))[1:-1])
    places = np.vstack(parts)
    return places[((places >= frame.min) & (places <= frame.max)).all(axis=1)]


def _gaps(centres: np.ndarray, half: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(centres, places): how far each place is from the box around each centre, 0 inside."""
    x, y = (
        np.maximum(np.abs(np.subtract.outer(centres[:, i], places[:, i], dtype=np.float32)) - half[i], 0)
        for i in (0, 1)
    )
    return np.sqrt(x * x + y * y)


def beside(axis: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str], **style) -> list[Annotation]:
    """A label for each of the first points of `axis`, whose limits must be final: at the first of BESIDE where it is inside
    the axes, covers no label that is there already and none of the points, of which there may be more than texts, and where the line
    from its point goes through no other labelled point and no label; where there is no such place, where that is the least. style: of
    the texts."""
    for _ in range(2):  # the layout settles at the second time
        axis.figure.draw_without_rendering()
    taken, labels = [_around(axis.transData.transform(point), axis) for point in points], []
    frame, solid = axis.get_window_extent(), taken[: len(texts)]  # what no line may go through
    taken += [Text.get_window_extent(text) for text in axis.texts] * LEGIBLE
    for i, (point, text) in enumerate(zip(points, texts)):
        label = axis.annotate(text, point, (0, 0), textcoords="offset points", arrowprops=LEADER, **style)
        label.set_in_layout(False)  # or the axes shrink for it
        start, others = axis.transData.transform(point), [box for box in solid if box is not solid[i]]
        found = []
        for place in BESIDE:
            box = _put(label, *place)
            leader = [_around(at, axis) for at in _leader(start, box)]
            crossed = sum(bool(other.count_overlaps(leader)) for other in others)
            found.append((_outside(box, frame), box.count_overlaps(taken) + LEGIBLE * crossed, place, leader))
            if found[-1][:2] == (False, 0):
                break
        _, _, place, leader = min(found, key=lambda each: each[:2])
        box = _put(label, *place)
        taken += [box] * LEGIBLE + leader
        solid.append(box)
        labels.append(label)
    return labels


def _leader(start: np.ndarray, box: Bbox) -> np.ndarray:
    """Places on the line from a point towards the middle of a text, up to the text."""
    middle = (box.min + box.max) / 2
    places = np.linspace(start, middle, 2 + int(np.hypot(*(middle - start)) / STEP))[1:]
    return places[~((places >= box.min) & (places <= box.max)).all(axis=1)]


def _put(label: Annotation, row: int, side: int) -> Bbox:
    """Move the label, and return the box of its text, without the line to its point."""
    label.set(position=(side, row), horizontalalignment="left" if side > 0 else "right")
    label.update_positions(label.figure.canvas.get_renderer())
    return Text.get_window_extent(label)


def _outside(box: Bbox, frame: Bbox) -> bool:
    return box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1


def _around(place: np.ndarray, axis: Axes) -> Bbox:
    half = 3 * axis.figure.dpi / 72
    return Bbox([place - half, place + half])
