"""Labels beside points, where no other label and no point is."""

import itertools
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

GAP = 7  # between a point and its label, in points
ROWS = (-4, 3, -11, 10, -18, 17, -25, 24, 32, -33)  # heights of a label beside its point, in the order of trying
LEADER = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3}  # from a label to its point


def beside(axis: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str], **style) -> list[Annotation]:
    """A label for each of the first points of `axis`, whose limits must be final: at its right or left, at the first of ROWS where it is inside
    the axes and covers no label that is there already and none of the points, of which there may be more than texts; where there is no
    such place, where it covers the fewest. style: of the texts."""
    axis.figure.draw_without_rendering()
    taken, labels = [_around(axis, point) for point in points], []
    for point, text in zip(points, texts):
        label = axis.annotate(text, point, (0, 0), textcoords="offset points", arrowprops=LEADER, **style)
        label.set_in_layout(False)  # or the axes shrink for it
        boxes = {place: _put(label, *place) for place in itertools.product(ROWS, (GAP, -GAP))}
        inside = axis.get_window_extent()
        place = min(boxes, key=lambda at: (_outside(boxes[at], inside), boxes[at].count_overlaps(taken)))
        taken.append(_put(label, *place))
        labels.append(label)
    return labels


def _put(label: Annotation, row: int, side: int) -> Bbox:
    """Move the label, and return the box of its text, without the line to its point."""
    label.set(position=(side, row), horizontalalignment="left" if side > 0 else "right")
    label.update_positions(label.figure.canvas.get_renderer())
    return Text.get_window_extent(label)


def _outside(box: Bbox, frame: Bbox) -> bool:
    return box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1


def _around(axis: Axes, point: tuple[float, float]) -> Bbox:
    x, y = axis.transData.transform(point)
    half = 3 * axis.figure.dpi / 72
    return Bbox([[x - half, y - half], [x + half, y + half]])
