Feature: Medicare: a preauthorization request that was not required

  A request made all the same gets an answer: it is decided on necessity like a claim, and is not asked
  that an authorization is missing.

  Background:
    Given the example screening-request of Medicare for J0945

  Rule: The answer says that preauthorization is not needed

    Scenario Outline: Is preauthorization needed for this phase? - <phase>
      Given it is known that the phase of therapy is <phase>
      When the request is decided
      Then preauthorization.needed is concluded to be no
      And preauthorization.enforced is concluded to be no
      And it does not ask for authorization.on_file

      Examples:
        | phase             |
        | trial             |
        | initial           |
        | refill            |
        | dose change       |
        | catheter revision |
        | replacement       |

    Scenario Outline: After the implant a request is approved, whatever lies on file - <status>
      Given it is known that the phase of therapy is refill
      And this authorization is on file
        | field  | value    |
        | number | A-100    |
        | status | <status> |
        | codes  | J0945    |
      When the request is decided
      Then it is approved
      And it asks nothing

      Examples:
        | status    |
        | approved  |
        | pending   |
        | refused   |
        | cancelled |

  Rule: The request is decided on necessity

    Scenario: A screening trial needs no failed oral therapy before it
      Given it is known that the outcome of oral antispasmodics is not tried
      And it is known that contraindication.hypersensitivity is no
      And it is known that contraindication.active_infection is no
      When the request is decided
      Then it is approved
      And it asks nothing
      And rule oral-therapy-not-shown does not hold

    Scenario: A screening trial is not asked for an earlier trial
      When the request is decided
      Then it is pended
      And it does not ask for the response to the screening trial
      And it asks for an active infection

    Scenario Outline: The pump and its first fill - <case>
      Given these facts
        | fact                                             | value      |
        | the phase of therapy                             | initial    |
        | the outcome of oral antispasmodics               | <outcome>  |
        | the length of oral therapy                       | <length>   |
        | the response to the screening trial              | <response> |
        | the decisive screening dose                      | 75 mcg     |
        | allergy or hypersensitivity to baclofen          | no         |
        | an active infection                              | no         |
        | a body too small for the pump                    | no         |
        | another programmable device that could interfere | no         |
      When the request is decided
      Then it is <decision>
      And rule oral-therapy-not-shown <oral therapy not shown>
      And rule trial-not-shown <trial not shown>

      Examples:
        | case                            | outcome       | length  | response      | decision               | oral therapy not shown | trial not shown |
        | six weeks and a favorable trial | inadequate    | 42 days | favorable     | approved               | does not hold          | does not hold   |
        | a day less than six weeks       | inadequate    | 41 days | favorable     | recommended for denial | holds                  | does not hold   |
        | not tolerated for six weeks     | not tolerated | 42 days | favorable     | approved               | does not hold          | does not hold   |
        | given up a day before six weeks | not tolerated | 41 days | favorable     | recommended for denial | holds                  | does not hold   |
        | no favorable trial              | inadequate    | 42 days | not favorable | recommended for denial | does not hold          | holds           |
        | the trial is still to come      | inadequate    | 42 days |               | pended                 | does not hold          | is not known    |

    Scenario: The reasons for which a pump is not covered
      Given these facts
        | fact                                | value         |
        | the phase of therapy                | initial       |
        | the outcome of oral antispasmodics  | effective     |
        | the response to the screening trial | not favorable |
        | the decisive screening dose         | 75 mcg        |
        | an active infection                 | yes           |
      When the request is decided
      Then it is recommended for denial
      And the reasons are
        | rule                   | group | carc | rarc |
        | contraindicated        | CO    | 50   | N386 |
        | oral-therapy-not-shown | CO    | 50   | N386 |
        | trial-not-shown        | CO    | 50   | N674 |

    Scenario Outline: A pump is replaced when its battery is empty or it cannot be repaired - <reason>
      Given these facts
        | fact                           | value       |
        | the phase of therapy           | replacement |
        | the reason for the replacement | <reason>    |
      When the request is decided
      Then it is <decision>
      And rule replacement-not-needed <so>

      Examples:
        | reason         | decision               | so            |
        | end of battery | approved               | does not hold |
        | irreparable    | approved               | does not hold |
        | upgrade        | recommended for denial | holds         |
        | other          | recommended for denial | holds         |
        |                | pended                 | is not known  |
