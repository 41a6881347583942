Feature: Medicare looks at each line's own units and NDC
  Sums can hide a fault: two half units make no whole one, and milliliters are no measure of a line
  that gives none. Where the discarded-drug modifiers do not apply, an unnecessary JZ denies nothing.

  Background:
    Given the example clean-refill of Medicare for J0945 on 2025-03-04

  Rule: Every line has whole units, whatever the lines make together

    Scenario Outline: Units of two lines
      Given these claim lines
        | modifiers | units    |
        | JZ        | <first>  |
        | JZ        | <second> |
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule units-not-whole

      Examples:
        | case                     | first | second |
        | parts that make a whole  | 1.5   | 2.5    |
        | a part beside a whole    | 0.5   | 3      |
        | nothing beside a whole   | 0     | 4      |

    Scenario: Whole units on both lines
      Given these claim lines
        | modifiers | units | charge |
        | JZ        | 1     | 200    |
        | JZ        | 3     | 600    |
      When the claim is decided
      Then it is approved

  Rule: Units are compared with the NDC quantities of all lines, each in its own unit

    Scenario: One line in milliliters and one in containers, a part of the same vial
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        |           | 3     | 66794-157-02 | 15           | ML       |
        | JW        | 1     | 66794-157-02 | 0.25         | UN       |
      When the claim is decided
      Then it is approved
      And rule units-differ-from-containers does not hold

    Scenario: One line in milliliters and one in containers, which counts the whole vial again
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        |           | 3     | 66794-157-02 | 15           | ML       |
        | JW        | 1     | 66794-157-02 | 1            | UN       |
      When the claim is decided
      Then it is pended
      And rule units-above-ndc-quantity does not hold
      And the reasons are
        | rule                         | group | carc | rarc | line |
        | units-differ-from-containers | CO    | 16   | M53  | 1 2  |

    Scenario: One line without an NDC
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        |           | 3     | 66794-157-02 | 15           | ML       |
        | JW        | 1     |              |              |          |
      When the claim is decided
      Then it is approved
      And it is assumed that rule units-above-ndc-quantity does not hold

    Scenario: Every line in milliliters, and more units than they hold
      Given these claim lines
        | modifiers | units | ndc          | ndc quantity | ndc unit |
        |           | 3     | 66794-157-02 | 10           | ML       |
        | JW        | 1     | 66794-157-02 | 5            | ML       |
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with M53 from rule units-above-ndc-quantity

  Rule: JZ against the record counts only where JW and JZ apply

    Scenario Outline: JZ on a line although a unit was left over
      Given the claim has place of service <place>
      And it is known that dose.discarded is 10 mg
      When the claim is decided
      Then it is <outcome>
      And rule jz-but-waste <truth>

      Examples:
        | case                | place | outcome  | truth         |
        | an office           | 11    | denied   | holds         |
        | a rural clinic      | 72    | approved | does not hold |
