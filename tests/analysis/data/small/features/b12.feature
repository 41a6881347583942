Feature: Vitamin B12 under a policy whose every small change is noticed

  Rule: A claim in March

    Background: A claim that is in order
      Given a claim to Plain Health for J3420 on 2024-03-04
      And these claim lines
        | units | modifiers |
        | 3     |           |
      And the diagnoses E53.8
      And these facts
        | fact         | value      |
        | oral.outcome | inadequate |
        | oral.weeks   | 12         |
        | risk.vegan   | no         |
        | risk.surgery | no         |
        | risk.age     | no         |
        | visit.emergency | no      |

    Scenario: In order, with three units
      When the claim is decided
      Then it is approved
      And rule too-many does not hold

    Scenario: Nothing is discarded
      When the claim is decided
      Then rule waste-not-paid does not hold

    Scenario: Eleven weeks are too short
      Given it is known that oral.weeks is 11
      When the claim is decided
      Then the reasons are
        | rule       | group | carc | rarc |
        | oral-first | CO    | 50   | N386 |

    Scenario: It is denied
      Given it is known that oral.weeks is 11
      When the claim is decided
      Then it is denied

    Scenario: Adequate therapy is no failure, however long
      Given it is known that oral.outcome is adequate
      When the claim is decided
      Then it is denied
      And oral.failed is concluded to be no

    Scenario: Not tolerated
      Given it is known that oral.outcome is not tolerated
      And it is known that oral.weeks is 1
      When the claim is decided
      Then it is approved

    Scenario: Refused
      Given it is known that oral.outcome is refused
      And it is known that oral.weeks is 1
      When the claim is decided
      Then it is approved

    Scenario: The length is not known
      Given nothing is known about oral.weeks
      When the claim is decided
      Then it is pended
      And the information request is CO 252 with N706

    Scenario: An emergency excuses
      Given it is known that oral.weeks is 11
      And it is known that visit.emergency is yes
      When the claim is decided
      Then it is approved
      And it advises by rule emergency-excuses

    Scenario: Four units are reduced to three
      Given these claim lines
        | units | modifiers |
        | 4     |           |
      When the claim is decided
      Then line 1 is reduced to 3 units
      And the reason is CO 151 with N362 from rule too-many

    Scenario Outline: As many units as usual: <units> after <outcome>
      Given it is known that oral.outcome is <outcome>
      And these claim lines
        | units   | modifiers |
        | <units> |           |
      When the claim is decided
      Then rule usual-units <said>

      Examples:
        | outcome       | units | said          |
        | inadequate    | 2     | holds         |
        | inadequate    | 1     | does not hold |
        | adequate      | 2     | holds         |
        | refused       | 4     | holds         |
        | refused       | 3     | does not hold |
        | not tolerated | 6     | holds         |
        | not tolerated | 5     | does not hold |

    Scenario: The number of units is not known
      Given these claim lines
        | units | modifiers |
        |       |           |
      When the claim is decided
      Then it is pended

    Scenario Outline: Two risks are looked at: <case>
      Given these facts
        | fact         | value     |
        | risk.vegan   | <vegan>   |
        | risk.surgery | <surgery> |
        | risk.age     | <age>     |
      When the claim is decided
      Then it is <decision>

      Examples:
        | case        | vegan | surgery | age | decision |
        | all three   | yes   | yes     | yes | pended   |
        | the first   | yes   | yes     | no  | pended   |
        | the last    | no    | yes     | yes | pended   |
        | the outer   | yes   | no      | yes | pended   |
        | one alone   | yes   | no      | no  | approved |
        | not known   |       |         |     | approved |

    Scenario: Discarded units are not paid, the others are
      Given these claim lines
        | units | modifiers |
        | 1     |           |
        | 1     | JW        |
      When the claim is decided
      Then line 1 is approved
      And line 2 is denied
      And the reason is CO 151 from rule waste-not-paid

    Scenario: How much was discarded is not known
      Given these claim lines
        | units | modifiers |
        | 1     |           |
        |       | JW        |
      When the claim is decided
      Then line 2 is pended
      And it asks for units.discarded

  Rule: Other payers and other days

    Scenario: Under the other payer waste is paid
      Given a claim to Other Health for J3420 on 2024-03-04
      And these claim lines
        | units | modifiers |
        | 1     |           |
        | 1     | JW        |
      And these facts
        | fact         | value      |
        | oral.outcome | inadequate |
        | oral.weeks   | 12         |
      When the claim is decided
      Then line 2 is approved

    Scenario Outline: Anaemia is looked at from July: <diagnosis> on <day>
      Given a claim to Plain Health for J3420 on <day>
      And these claim lines
        | units | modifiers |
        | 1     |           |
      And the diagnoses <diagnosis>
      And it is known that oral.outcome is not tolerated
      And it is known that visit.emergency is no
      When the claim is decided
      Then it is <decision>

      Examples:
        | day        | diagnosis | decision |
        | 2024-07-01 | D51.0     | pended   |
        | 2024-07-01 | D51.9     | pended   |
        | 2024-07-01 | E53.8     | approved |

    Scenario: Without a word of diagnoses only the anaemia is not known
      Given a claim to Plain Health for J3420 on 2024-07-01
      And these claim lines
        | units | modifiers |
        | 1     |           |
      And it is known that oral.outcome is not tolerated
      And it is known that visit.emergency is no
      When the claim is decided
      Then it is pended

    Scenario: Anaemia on the last day of June
      Given a claim to Plain Health for J3420 on 2024-06-30
      And these claim lines
        | units | modifiers |
        | 1     |           |
      And the diagnoses D51.0
      And it is known that oral.outcome is not tolerated
      And it is known that visit.emergency is no
      When the claim is decided
      Then it is approved

    Scenario: Another payer's first day
      Given a claim to Other Health for J3420 on 2024-01-01
      When the claim is decided
      Then it is pended

    Scenario: The first day
      Given a claim to Plain Health for J3420 on 2024-01-01
      When the claim is decided
      Then it is pended

    Scenario: The day before it
      Given a claim to Plain Health for J3420 on 2023-12-31
      When the claim is decided
      Then no policy applies

    Scenario: The day before it under the other payer
      Given a claim to Other Health for J3420 on 2023-12-31
      When the claim is decided
      Then no policy applies
