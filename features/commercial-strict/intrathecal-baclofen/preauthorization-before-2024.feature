Feature: Commercial Strict: preauthorization under the version of 2016, for services through 2023

  The version in force is the one of the date of service. What needs preauthorization, for how long it
  lasts and how soon notice of an emergency is due were the same then as from 2024 on.

  Background:
    Given the example authorized-refill of Commercial Strict for J0945 on 2023-12-01
    And the drug lines carry no JZ
    And the authorization has valid through 2023-12-31

  Rule: Every phase needed preauthorization

    Scenario Outline: Without an authorization on file it was denied - <phase>
      Given it is known that the phase of therapy is <phase>
      And no authorization is on file
      When the claim is decided
      Then it is denied
      And preauthorization.needed is concluded to be yes
      And the reason is CO 197 with M62 from rule authorization-number-missing

      Examples:
        | phase             |
        | trial             |
        | initial           |
        | refill            |
        | dose change       |
        | catheter revision |
        | replacement       |

  Rule: An authorization for refills lasted six months

    Scenario Outline: A refill on the same day of the month was still covered - <age>
      Given the authorization has valid from <first day>
      And the authorization has requested on 2023-05-20
      When the claim is decided
      Then it is <decision>
      And rule refill-authorization-too-old <so>

      Examples:
        | age                 | first day  | decision | so            |
        | 6 months to the day | 2023-06-01 | approved | does not hold |
        | 6 months and a day  | 2023-05-31 | denied   | holds         |

  Rule: Notice of an emergency was due within one business day

    Scenario Outline: The service was on a Friday, notice was given on the next <day>
      Given it is known that authorization.emergency is yes
      And it is known that the day on which the payer was notified is <notified>
      And no authorization is on file
      When the claim is decided
      Then it is <decision>
      And rule emergency-excuses <so>

      Examples:
        | day     | notified   | decision | so            |
        | Monday  | 2023-12-04 | approved | holds         |
        | Tuesday | 2023-12-05 | denied   | does not hold |

  Rule: Discarded units used up authorized units

    Scenario Outline: Three units given and one discarded - <left>
      Given these claim lines
        | code  | modifiers | units | ndc          |
        | J0945 |           | 3     | 66794-157-02 |
        | J0945 | JW        | 1     | 66794-157-02 |
      And the authorization has valid from 2023-09-01
      And the authorization has units used <used>
      And the authorization has requested on 2023-08-20
      When the claim is decided
      Then it is <decision>
      And rule authorization-units-exceeded <so>

      Examples:
        | left       | used | decision        | so            |
        | four left  | 36   | approved        | does not hold |
        | three left | 37   | partly approved | holds         |
