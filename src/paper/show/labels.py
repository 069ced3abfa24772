"""Labels beside points, where no other label and no point is."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

GAP = 7  # between a point and its label, in points
ROWS = (-4, 3, -11, 10, -18, 17, -25, 24, 32, -33)  # heights of a label beside its point, in the order of trying


def beside(axis: Axes, points: Sequence[tuple[float, float]], texts: Sequence[str], **style) -> list[Annotation]:
    """A label for each of the first points of `axis`, whose limits must be final: at its right or left, at the first of ROWS where it is inside
    the axes and covers no label that is there already and none of the points, of which there may be more than texts; else at the right.
    style: of the texts."""
    renderer = axis.figure.canvas.get_renderer()
    axis.figure.draw_without_rendering()
    taken = [_around(axis, point) for point in points]
    inside, labels = axis.get_window_extent(renderer), []
    for point, text in zip(points, texts):
        label = axis.annotate(text, point, textcoords="offset points", xytext=(GAP, ROWS[0]), **style)
        for row, (side, align) in [(row, side) for row in ROWS for side in ((GAP, "left"), (-GAP, "right"))]:
            label.set(position=(side, row), horizontalalignment=align)
            box = label.get_window_extent(renderer)
            within = inside.x0 < box.x0 and box.x1 < inside.x1 and inside.y0 < box.y0 and box.y1 < inside.y1
            if within and not any(box.overlaps(other) for other in taken):
                break
        else:
            label.set(position=(GAP, ROWS[0]), horizontalalignment="left")
        taken.append(label.get_window_extent(renderer))
        labels.append(label)
    return labels


def _around(axis: Axes, point: tuple[float, float]) -> Bbox:
    x, y = axis.transData.transform(point)
    half = 3 * axis.figure.dpi / 72
    return Bbox([[x - half, y - half], [x + half, y + half]])
