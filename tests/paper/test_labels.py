"""Labels beside points and on lines: none covers another, a point, a line, or the border, where there is room."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from pacbayes_curvature.posteriors import POSTERIORS
from paper.experiments.rivals.figure import COLOURS
from paper.show import labels


@pytest.fixture
def axis():
    figure, axis = plt.subplots(figsize=(6, 4))
    axis.set(xlim=(0, 1), ylim=(0, 1))
    yield axis
    plt.close(figure)


def test_labels_of_a_crowd_cover_nothing(axis):
    rng = np.random.default_rng(0)
    points = [(x, y) for x, y in rng.uniform(0.2, 0.8, (12, 2))] + [(0.5, 0.5), (0.505, 0.5)]
    obstacles = [(x, 0.9) for x in np.linspace(0, 1, 50)]
    made = labels.beside(axis, points + obstacles, [f"label {i}" for i in range(len(points))], fontsize=7)
    boxes, frame = [Text.get_window_extent(label) for label in made], axis.get_window_extent()
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert all(frame.x0 < box.x0 and box.x1 < frame.x1 for box in boxes)
    for point in points + obstacles:
        assert not any(box.contains(*axis.transData.transform(point)) for box in boxes)


def test_the_line_to_a_label_goes_through_no_other_point(axis):
    """Straight to the right would be nearest, and through the second point; left, above and below is no room but far off."""
    points = [(0.5, 0.5), (0.53, 0.5)]
    grid = itertools.product(np.linspace(0.2, 0.75, 45), np.linspace(0.25, 0.75, 45))
    walls = [(x, y) for x, y in grid if x < 0.48 or abs(y - 0.5) > 0.05]
    labels_ = labels.beside(axis, points + walls, ["first", "second"], fontsize=7)
    for label, point, other in zip(labels_, points, reversed(points)):
        start, box = axis.transData.transform(point), Text.get_window_extent(label)
        way = start + np.linspace(0, 1, 200)[:, None] * ((box.min + box.max) / 2 - start)
        assert np.hypot(*(way - axis.transData.transform(other)).T).min() > 4


def test_a_label_covers_no_text_that_is_there(axis):
    there = axis.text(0.53, 0.5, "a longer text that is there", va="center")
    (label,) = labels.beside(axis, [(0.5, 0.5)], ["a label"])
    assert not Text.get_window_extent(label).overlaps(there.get_window_extent())


def test_near_the_right_border_a_label_is_at_the_left(axis):
    (label,) = labels.beside(axis, [(0.99, 0.5)], ["a label"])
    assert Text.get_window_extent(label).x1 < axis.transData.transform((0.99, 0.5))[0]


def test_where_there_is_no_room_it_is_inside_all_the_same(axis):
    everywhere = [*itertools.product(np.linspace(0, 1, 40), np.linspace(0, 1, 40))]
    (label,) = labels.beside(axis, [(0.5, 0.5), *everywhere], ["a label"])
    box, frame = Text.get_window_extent(label), axis.get_window_extent()
    assert frame.x0 < box.x0 and box.x1 < frame.x1


def curves_of(*axes):
    """Three fronts and two straight lines on each axis, as in the figures, the second front with an unnamed companion."""
    x = np.linspace(0.05, 1, 30)
    for axis in axes:
        for factor, name, colour in (
            (1.0, "plain noise", "#0072B2"),
            (0.6, "a diagonal", "#D55E00"),
            (0.2, "all of it", "#009E73"),
        ):
            axis.plot(x, factor * (0.1 + 0.8 * x**3), color=colour, label=name)
        axis.plot(x, 0.62 * (0.1 + 0.8 * x**3), color="#D55E00", alpha=0.5, label="_")
        axis.plot([0, 1], [0.3, 1], "k--", label="a straight line")
        axis.axhline(0.95, color="black")


def distance(box, line):
    """The least distance of a line from a box, from many points on the line."""
    x, y = line.get_transform().transform(line.get_xydata()).T
    t, at = np.arange(len(x)), np.linspace(0, len(x) - 1, 20_000)
    points = np.c_[np.interp(at, t, x), np.interp(at, t, y)]
    return np.hypot(*np.maximum([box.min - points, points - box.max], 0).max(axis=0).T).min()


def test_names_on_lines_are_inside_and_cover_nothing_and_are_nearest_to_their_line(axis):
    curves_of(axis)
    made = labels.on_lines(axis)
    assert sorted(label.get_text() for label in made) == ["a diagonal", "a straight line", "all of it", "plain noise"]
    boxes, frame = [Text.get_window_extent(label) for label in made], axis.get_window_extent()
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    for label, box in zip(made, boxes):
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
        far = {line: distance(box, line) for line in axis.get_lines()}
        assert min(far.values()) > 1
        (own,) = (line for line in far if line.get_label() == label.get_text())
        others = [far[line] for line in far if line.get_label() != "_" and line is not own]
        assert far[own] < min(others) and label.get_color() == labels.ink(own.get_color())


def test_a_name_that_has_no_room_on_one_axis_stands_on_another():
    figure, (crowded, free) = plt.subplots(1, 2, figsize=(8, 4))
    for axis in (crowded, free):
        axis.set(xlim=(0, 1), ylim=(0, 1))
        axis.plot([0, 1], [0.5, 0.5], label="a name")
    for height in np.linspace(0, 1, 60):
        crowded.axhline(height, color="0.5")
    (label,) = labels.on_lines(crowded, free)
    assert label.axes is free
    plt.close(figure)


def test_a_name_without_room_beside_its_line_is_farther_off_and_joined_to_it(axis):
    axis.plot([0, 1], [0.5, 0.5], color="#0072B2", label="a name")
    for height in (0.49, 0.51):
        axis.axhline(height, color="0.5")
    (label,) = labels.on_lines(axis)
    assert label.arrow_patch is not None and label.xy[1] == pytest.approx(0.5)
    assert all(distance(Text.get_window_extent(label), line) > 1 for line in axis.get_lines())


@pytest.mark.parametrize("side", [1, -1])
def test_between_a_line_and_a_name_farther_off_are_as_few_lines_as_may_be(axis, side):
    axis.plot([0, 1], [0.5, 0.5], color="#0072B2", label="a name")
    axis.figure.draw_without_rendering()
    pixel = side / axis.get_window_extent().height
    for away in (2, 4, 6, 8, 10, -4, -18):  # on one side there is room nearer to the line, behind more lines
        axis.axhline(0.5 + away * pixel, color="0.5")
    (label,) = labels.on_lines(axis)
    assert label.arrow_patch is not None and (label.xyann[1] - 0.5) * side < 0


def test_a_line_outside_the_axes_has_no_name(axis):
    axis.plot([0, 1], [2, 3], label="too high")
    assert labels.on_lines(axis) == []


def test_a_ring_is_around_its_point_and_has_no_name(axis):
    ring = labels.ring(axis, 0.2, 0.7, "#0072B2")
    assert ring.get_xydata().tolist() == [[0.2, 0.7]] and ring.get_markerfacecolor() == "none"
    assert axis.get_legend_handles_labels() == ([], [])


@pytest.mark.parametrize("colour", [*(method.colour for method in POSTERIORS.values()), *COLOURS.values(), "black"])
def test_letters_in_the_colours_of_lines_have_contrast(colour):
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in labels.ink(colour)]
    assert 1.05 / (0.05 + np.dot([0.2126, 0.7152, 0.0722], linear)) >= 4.5
